import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { AgentClient } from '../../lib/agent/client.ts'
import { startProgram } from './program.ts'
import {
  attachment,
  clientId,
  copyRequest,
  cutOff,
  ended,
  globalId,
  MiB,
  makeHost,
  noise,
  sha256,
  soon,
  underWay,
  until,
} from './support.ts'

const bytes = 64 * MiB

test('killed in the middle of a copy and started again, it ends the same', { timeout: 60_000 }, async () => {
  await using host = await makeHost()
  const file = await host.attach(bytes + MiB, { fill: 'x' })
  const image = await host.image('disk', noise(bytes))
  let seen = 0
  {
    await using first = await startProgram(host)
    await first.client.copyImage(copyRequest('disk', 'raw', bytes + MiB), soon())
    seen = (await underWay(first.client, bytes / 8)).doneBytes
    await first.kill()
  }
  await until(() => (host.children().length === 0 ? true : undefined))

  await using second = await startProgram(host, { changes: { segmentBytes: 16 * MiB } })
  const { client } = second
  const left = await client.task({ id: 'request-1' }, soon())
  expect(left).toMatchObject({ ...cutOff, result: { partlyWritten: true } })
  const resumed = await client.copyImage(copyRequest('disk', 'raw', bytes + MiB), soon())
  for (const { doneBytes } of [left, resumed]) {
    // By no more than the segment whose checkpoint the kill may have come before.
    expect(doneBytes, 'progress does not go back').toBeGreaterThanOrEqual(seen - MiB)
  }
  expect(resumed.error).toBeUndefined()
  expect(await ended(client)).toMatchObject({ state: 'succeeded', doneBytes: bytes })
  expect(await sha256(file, bytes)).toBe(await sha256(image))
})

test('does not go on with an image that was replaced while it was dead', { timeout: 60_000 }, async () => {
  await using host = await makeHost()
  await host.attach(bytes)
  const image = await host.image('disk', noise(bytes))
  const other = await host.image('other', noise(bytes))
  {
    await using first = await startProgram(host)
    await first.client.copyImage(copyRequest('disk', 'raw', bytes), soon())
    await underWay(first.client, 2 * MiB)
    await first.kill()
  }
  await rename(other, image)

  await using second = await startProgram(host)
  await second.client.copyImage(copyRequest('disk', 'raw', bytes), soon())
  expect(await ended(second.client)).toMatchObject({
    state: 'failed',
    error: { code: 'source_changed' },
    result: { partlyWritten: true },
  })
})

test('closed in the middle of a copy it leaves no process, and goes on when started again', async () => {
  await using host = await makeHost()
  const file = await host.attach(bytes)
  const image = await host.image('disk', noise(bytes))
  const first = await host.start()
  await first.client.copyImage(copyRequest('disk', 'raw', bytes), soon())
  await underWay(first.client, 2 * MiB)
  await first.agent.close()
  expect(host.children()).toEqual([])

  const { agent, client } = await host.start({ segmentBytes: 16 * MiB })
  await using _ = agent
  await client.copyImage(copyRequest('disk', 'raw', bytes), soon())
  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(await sha256(file)).toBe(await sha256(image))
})

test('started again it writes nothing by itself: who has the volume by now, it cannot know', async () => {
  await using host = await makeHost()
  const file = await host.attach(bytes)
  await host.image('disk', noise(bytes))
  const first = await host.start()
  await first.client.copyImage(copyRequest('disk', 'raw', bytes), soon())
  await underWay(first.client, 2 * MiB)
  await first.agent.close()
  // Attached anew to this very host by somebody who tells no agent, and written to.
  const newer = noise(bytes)
  await writeFile(file, newer)

  const { agent, client } = await host.start()
  await using _ = agent
  expect(await ended(client)).toMatchObject(cutOff)
  expect(await client.health(soon())).toMatchObject({ tasks: 0 })
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(host.children()).toEqual([])
  expect((await readFile(file)).equals(newer)).toBe(true)
})

test('where another task wrote since it was cut off, it goes on from its start', async () => {
  await using host = await makeHost()
  const file = await host.attach(bytes, { fill: 'x' })
  const image = await host.image('disk', noise(bytes - 2 * MiB))
  await host.image('other', noise(bytes))
  const request = copyRequest('disk', 'raw', bytes, { targetState: 'new' })
  const first = await host.start()
  await first.client.copyImage(request, soon())
  await underWay(first.client, 8 * MiB)
  await first.agent.close()

  const { agent, client } = await host.start({ segmentBytes: 16 * MiB })
  await using _ = agent
  await client.copyImage(
    { ...request, requestId: 'other', source: { kind: 'folder', name: 'other' } },
    soon(),
  )
  expect(await ended(client, 'other')).toMatchObject({ state: 'succeeded' })
  await client.copyImage(request, soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(await sha256(file, bytes - 2 * MiB)).toBe(await sha256(image))
  expect((await readFile(file)).subarray(-2 * MiB).every((byte) => byte === 0)).toBe(true)
})

test.each([
  ['cancelled', 'cancelled', (client: AgentClient) => client.cancelTask({ id: 'request-1' }, soon())],
  [
    'released',
    'stale_generation',
    (client: AgentClient) =>
      client.release({ clientId, volume: { globalId }, attachment: attachment() }, soon()),
  ],
  [
    'attached anew',
    'stale_generation',
    (client: AgentClient) =>
      client.announce(
        { clientId, volume: { globalId, sizeBytes: bytes }, attachment: attachment(2), mode: 'rw' },
        soon(),
      ),
  ],
])('a task that was cut off, then %s, is not begun again', async (_, code, put) => {
  await using host = await makeHost()
  await host.attach(bytes)
  await host.image('disk', noise(bytes))
  const request = copyRequest('disk', 'raw', bytes)
  const first = await host.start()
  await first.client.copyImage(request, soon())
  await underWay(first.client, 2 * MiB)
  await first.agent.close()
  const over = { error: { code }, result: { partlyWritten: true } }
  {
    const { agent, client } = await host.start()
    await using __ = agent
    await put(client)
    expect(await client.task({ id: 'request-1' }, soon())).toMatchObject(over)
    const asked = client.copyImage(request, soon()).catch((error: unknown) => ({ ...over, error }))
    expect(await asked).toMatchObject(over)
  }
  const { agent, client } = await host.start()
  await using __ = agent
  expect(await client.task({ id: 'request-1' }, soon()), 'nor after another start').toMatchObject(over)
})

test('kills what an agent before it left running', async () => {
  await using host = await makeHost()
  const { agent } = await host.start()
  const { dev, ino } = statSync(host.at('state'))
  await agent.close()
  const orphan = spawn('sleep', ['60'], { env: { CINDERLESS_AGENT: `${dev}-${ino}` }, stdio: 'ignore' })
  const gone = once(orphan, 'exit')
  await once(orphan, 'spawn')

  const { agent: next } = await host.start()
  await using _ = next

  expect(await gone).toEqual([null, 'SIGKILL'])
})

test('two agents do not share a state folder', async () => {
  await using host = await makeHost()
  const { agent } = await host.start()
  await using _ = agent

  await expect(host.start()).rejects.toMatchObject({
    name: 'CannotStart',
    message: expect.stringMatching(
      /Another agent works with .*: stop it, or give this one another state folder/,
    ),
  })
})

test('while the journal cannot be written it takes on nothing, says so, and mends itself', async () => {
  await using host = await makeHost()
  const file = await host.attach(MiB)
  const image = await host.image('disk', noise(MiB))
  // No file may grow beyond this: writing fails as on a full disk.
  await using agent = await startProgram(host, { wrapper: ['prlimit', '--fsize=10:unlimited'] })
  const request = copyRequest('disk', 'raw', MiB)

  await expect(agent.client.copyImage(request, soon())).rejects.toMatchObject({
    code: 'journal_unwritable',
    status: 503,
  })
  expect(await agent.client.health(soon())).toMatchObject({ ok: false })
  await expect(agent.client.task({ id: 'request-1' }, soon())).rejects.toMatchObject({ code: 'not_found' })

  execFileSync('prlimit', ['--pid', `${agent.pid}`, '--fsize=unlimited'])
  expect(await agent.client.health(soon())).toMatchObject({ ok: true })
  await agent.client.copyImage(request, soon())
  expect(await ended(agent.client)).toMatchObject({ state: 'succeeded' })
  expect(await sha256(file)).toBe(await sha256(image))
})
