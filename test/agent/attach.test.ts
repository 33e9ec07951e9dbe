import { existsSync } from 'node:fs'
import { symlink, truncate } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { attachment, clientId, globalId, MiB, makeHost, soon } from './support.ts'

const volume = { globalId, sizeBytes: 4 * MiB }
const wait = { clientId, volume, attachment: attachment(), mode: 'rw' as const, waitMs: 150 }

test('answers the path by global id once the device is there with the stated size', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent

  const waiting = client.attachWait({ ...wait, waitMs: 10_000 }, soon())
  const file = await host.attach(1 * MiB)
  await truncate(file, 4 * MiB)

  const path = host.at('dev/storpool-byid', globalId)
  await expect(waiting).resolves.toEqual({ path, sizeBytes: 4 * MiB })
})

test('says device_timeout when it does not come, and makes nothing in its place', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent

  await expect(client.attachWait(wait, soon())).rejects.toMatchObject({
    code: 'device_timeout',
    retryable: true,
  })
  expect(existsSync(host.at('dev/storpool-byid', globalId))).toBe(false)
})

test('says size_mismatch, with the size found, when it is of another size', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  await host.attach(5 * MiB)

  await expect(client.attachWait(wait, soon())).rejects.toMatchObject({
    code: 'size_mismatch',
    details: { sizeBytes: 5 * MiB },
  })
})

test('takes neither a file in the place of the link nor a folder for a device', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  await symlink(host.at('images'), host.at('dev/storpool-byid', globalId))

  await expect(client.attachWait(wait, soon())).rejects.toMatchObject({ code: 'not_attached' })
})

test('refuses a request that was meant for another host', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent

  await expect(client.attachWait({ ...wait, clientId: 8 }, soon())).rejects.toMatchObject({
    code: 'wrong_host',
    status: 421,
    details: { clientId, host: 'alpha' },
  })
})

test('refuses a lower generation, and the same one from another attachment', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  await host.attach(4 * MiB)
  await client.attachWait({ ...wait, attachment: attachment(3) }, soon())

  const late = client.attachWait({ ...wait, attachment: attachment(2) }, soon())
  const other = client.attachWait({ ...wait, attachment: attachment(3, 'other') }, soon())

  await expect(late).rejects.toMatchObject({ code: 'stale_generation', details: { generation: 3 } })
  await expect(other).rejects.toMatchObject({ code: 'stale_generation' })
  await expect(client.attachWait({ ...wait, attachment: attachment(3) }, soon())).resolves.toBeDefined()
})

test('remembers generations and releases over a restart', async () => {
  await using host = await makeHost()
  await host.attach(4 * MiB)
  const first = await host.start()
  await first.client.attachWait({ ...wait, attachment: attachment(5) }, soon())
  await first.client.release({ clientId, volume: { globalId }, attachment: attachment(5) }, soon())
  await first.agent.close()

  const { agent, client } = await host.start()
  await using _ = agent
  for (const generation of [4, 5]) {
    const refused = client.attachWait({ ...wait, attachment: attachment(generation) }, soon())
    await expect(refused).rejects.toMatchObject({ code: 'stale_generation' })
  }
  await expect(client.attachWait({ ...wait, attachment: attachment(6) }, soon())).resolves.toBeDefined()
})

test('a release may be repeated, and comes too late after a new attachment', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const release = (generation: number) =>
    client.release({ clientId, volume: { globalId }, attachment: attachment(generation) }, soon())

  await release(1)
  await release(1)
  await release(2)

  await expect(release(1)).rejects.toMatchObject({ code: 'stale_generation' })
})
