import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { startProgram } from './program.ts'
import { copyRequest, ended, MiB, makeHost, noise, sha256, soon, underWay, until } from './support.ts'

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
  const resumed = await second.client.task({ id: 'request-1' }, soon())
  // By no more than the segment whose checkpoint the kill may have come before.
  expect(resumed.doneBytes, 'progress does not go back').toBeGreaterThanOrEqual(seen - MiB)
  expect(await ended(second.client)).toMatchObject({ state: 'succeeded', doneBytes: bytes })
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
  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(await sha256(file)).toBe(await sha256(image))
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
