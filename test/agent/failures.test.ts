import { statSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { afterEach, expect, test, vi } from 'vitest'
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
  remove,
  sha256,
  soon,
  underWay,
  until,
} from './support.ts'

afterEach(() => void vi.useRealTimers())

test('a task goes on though its caller is gone, and is found again', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const file = await host.attach(2 * MiB)
  const image = await host.image('disk', noise(2 * MiB))
  const body = JSON.stringify(copyRequest('disk', 'raw', 2 * MiB))
  const call = httpRequest(`${agent.url}/v1/copy-image`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  call.on('error', () => {})
  call.end(body)
  await until(async () => ((await client.tasks(soon())).length > 0 ? true : undefined))
  call.destroy()

  expect(await client.copyImage(copyRequest('disk', 'raw', 2 * MiB), soon())).toMatchObject({
    id: 'request-1',
  })
  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(await sha256(file)).toBe(await sha256(image))
})

test('asked again after a reboot a task waits until its volume is attached again, and goes on', async () => {
  await using host = await makeHost()
  const file = await host.attach(64 * MiB)
  const image = await host.image('disk', noise(64 * MiB))
  const first = await host.start()
  await first.client.copyImage(copyRequest('disk', 'raw', 64 * MiB), soon())
  const { doneBytes } = await underWay(first.client, 8 * MiB)
  await first.agent.close()
  remove(host.at('dev/storpool-byid', globalId))

  const { agent, client } = await host.start({ segmentBytes: 32 * MiB })
  await using _ = agent
  expect(await ended(client)).toMatchObject(cutOff)
  await client.copyImage(copyRequest('disk', 'raw', 64 * MiB), soon())
  const waiting = await until(async () => {
    const task = await client.task({ id: 'request-1' }, soon())
    return task.state === 'running' && task.phase === 'wait' ? task : undefined
  })
  expect(waiting.doneBytes).toBeGreaterThanOrEqual(doneBytes)
  await symlink(file, host.at('dev/storpool-byid', globalId))

  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(await sha256(file)).toBe(await sha256(image))
})

test('a volume attached anew after a reboot is not written by the task of before', async () => {
  await using host = await makeHost()
  await host.image('disk', noise(64 * MiB))
  await host.attach(64 * MiB)
  const first = await host.start()
  await first.client.copyImage(copyRequest('disk', 'raw', 64 * MiB), soon())
  await underWay(first.client, 2 * MiB)
  await first.agent.close()
  remove(host.at('dev/storpool-byid', globalId))

  const { agent, client } = await host.start()
  await using _ = agent
  const wait = {
    clientId,
    volume: { globalId, sizeBytes: 64 * MiB },
    attachment: attachment(2),
    mode: 'rw' as const,
    waitMs: 5_000,
  }
  const waiting = client.attachWait(wait, soon())
  expect(await ended(client)).toMatchObject({
    error: { code: 'stale_generation', details: { generation: 2 } },
    result: { partlyWritten: true },
  })
  const file = await host.attach(64 * MiB)
  await waiting

  expect(statSync(file).blocks).toBe(0)
})

test('a clock that is set forward ends no wait and no task', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const deadline = new Date(Date.now() + 60_000).toISOString()
  const file = await host.attach(16 * MiB)
  const image = await host.image('disk', noise(16 * MiB))
  await client.copyImage(copyRequest('disk', 'raw', 16 * MiB, { deadline }), soon())
  const wait = {
    clientId,
    volume: { globalId: 'c.d.e', sizeBytes: MiB },
    attachment: attachment(),
    mode: 'rw' as const,
  }
  const waiting = client.attachWait({ ...wait, waitMs: 20_000, deadline }, soon())
  await underWay(client, MiB)

  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 365 * 24 * 3600 * 1000 })
  await host.attach(MiB, { id: 'c.d.e' })

  await expect(waiting).resolves.toMatchObject({ sizeBytes: MiB })
  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(await sha256(file)).toBe(await sha256(image))
})

test('nothing is begun after its deadline, nor waited for beyond it', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const over = new Date(Date.now() - 1).toISOString()
  const soonOver = () => new Date(Date.now() + 200).toISOString()
  await expect(
    client.copyImage(copyRequest('disk', 'raw', MiB, { deadline: over }), soon()),
  ).rejects.toMatchObject({
    code: 'deadline_passed',
  })
  expect(await client.tasks(soon())).toEqual([])

  const wait = {
    clientId,
    volume: { globalId, sizeBytes: MiB },
    attachment: attachment(),
    mode: 'rw' as const,
  }
  const waiting = client.attachWait({ ...wait, waitMs: 20_000, deadline: soonOver() }, soon())
  await expect(waiting).rejects.toMatchObject({ code: 'device_timeout' })
  await host.image('disk', noise(MiB))
  await client.copyImage(copyRequest('disk', 'raw', MiB, { deadline: soonOver() }), soon())
  expect(await ended(client)).toMatchObject({
    error: { code: 'deadline_passed' },
    result: { partlyWritten: false },
  })
})

test('the same work with another deadline is the same request; one that passed while no agent ran ends the task', async () => {
  await using host = await makeHost()
  await host.image('disk', noise(MiB))
  const first = await host.start()
  const request = copyRequest('disk', 'raw', MiB)
  const begun = new Date(Date.now() + 1500).toISOString()
  await first.client.copyImage({ ...request, deadline: begun }, soon())
  await first.client.copyImage({ ...request, deadline: new Date(Date.now() + 60_000).toISOString() }, soon())
  await first.agent.close()
  await new Promise((resolve) => setTimeout(resolve, Date.parse(begun) - Date.now() + 1))

  const { agent, client } = await host.start()
  await using _ = agent
  expect(await client.task({ id: 'request-1' }, soon())).toMatchObject({ error: { code: 'deadline_passed' } })
})

test('how a task ended is kept for whoever asks late', { timeout: 60_000 }, async () => {
  await using host = await makeHost()
  await host.attach(MiB)
  await host.image('disk', noise(MiB))
  const request = copyRequest('disk', 'raw', MiB)
  const at = async () => {
    await using program = await startProgram(host)
    await program.client.copyImage(request, soon())
    return await ended(program.client)
  }

  const first = await at()
  expect(first).toMatchObject({ state: 'succeeded' })
  expect(await at()).toEqual(first)
})

test('says when to come again where it takes no more tasks', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start({ maxTasks: 1 })
  await using _ = agent
  await host.image('disk', noise(MiB))
  await client.copyImage(copyRequest('disk', 'raw', MiB), soon())
  const elsewhere = copyRequest('disk', 'raw', MiB, {
    requestId: 'request-2',
    volume: { globalId: 'c.d.e', sizeBytes: MiB },
  })

  const answer = await fetch(`${agent.url}/v1/copy-image`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(elsewhere),
  })

  expect(answer.status).toBe(429)
  expect(answer.headers.get('retry-after')).toBe('5')
  expect(await answer.json()).toMatchObject({ error: { code: 'too_many_tasks', retryable: true } })
})
