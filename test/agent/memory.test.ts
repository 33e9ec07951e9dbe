import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import {
  attachment,
  clientId,
  copyRequest,
  ended,
  globalId,
  journalLine,
  MiB,
  makeHost,
  noise,
  remove,
  soon,
} from './support.ts'

/** A host whose agent has lost its journal, as far as it can tell from a first start. */
const makeNewHost = async () => {
  const host = await makeHost()
  remove(host.at('state/journal.jsonl'))
  await host.attach(MiB)
  await host.image('disk', noise(MiB))
  return host
}
const request = (generation: number) =>
  copyRequest('disk', 'raw', MiB, { requestId: `request-${generation}`, attachment: attachment(generation) })
const adopt = (generation: number) => ({ clientId, volume: { globalId }, attachment: attachment(generation) })

test('without a memory it says so, and copies onto no volume before it is told which attachment is current', async () => {
  await using host = await makeNewHost()
  const { agent, client } = await host.start()
  await using _ = agent
  expect(await client.health(soon())).toMatchObject({ ok: true, recovering: true })

  await expect(client.copyImage(request(4), soon())).rejects.toMatchObject({
    code: 'recovering',
    retryable: true,
  })
  await client.adopt(adopt(4), soon())
  await client.copyImage(request(4), soon())

  expect(await ended(client, 'request-4')).toMatchObject({ state: 'succeeded' })
})

test('a generation from before its memory was lost stays refused once a later one was adopted', async () => {
  await using host = await makeNewHost()
  const first = await host.start()
  await first.client.adopt(adopt(5), soon())
  await first.agent.close()

  const { agent, client } = await host.start()
  await using _ = agent
  await expect(client.copyImage(request(4), soon())).rejects.toMatchObject({ code: 'stale_generation' })
  await expect(client.adopt(adopt(4), soon())).rejects.toMatchObject({ code: 'stale_generation' })
  await client.copyImage(request(5), soon())
  await ended(client, 'request-5')
  await client.copyImage(request(6), soon())
  expect(await ended(client, 'request-6')).toMatchObject({ state: 'succeeded' })
})

test('what may be done without knowing: wait for a device, and let it go', async () => {
  await using host = await makeNewHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const wait = { ...adopt(1), volume: { globalId, sizeBytes: MiB }, mode: 'rw' as const, waitMs: 0 }

  await client.attachWait(wait, soon())
  await expect(client.copyImage(request(1), soon())).rejects.toMatchObject({ code: 'recovering' })
  await client.release(adopt(1), soon())
})

test('after the longest that a call may be late it needs no telling', async () => {
  await using host = await makeNewHost()
  const at = new Date(Date.now() - 15 * 24 * 3600 * 1000).toISOString()
  await writeFile(host.at('state/journal.jsonl'), journalLine({ t: 'begun', at }))
  const { agent, client } = await host.start()
  await using _ = agent

  expect(await client.health(soon())).toMatchObject({ recovering: false })
  await client.copyImage(request(1), soon())
  expect(await ended(client, 'request-1')).toMatchObject({ state: 'succeeded' })
})

test('its memory begins once: a restart does not begin it anew', async () => {
  await using host = await makeNewHost()
  const begun = () => readFileSync(host.at('state/journal.jsonl'), 'utf8')
  await (await host.start()).agent.close()
  const before = begun()
  await (await host.start()).agent.close()

  expect(begun()).toBe(before)
  expect(before).toMatch(/^[0-9a-f]{8} \{"t":"begun","at":"[^"]+"\}\n$/)
})
