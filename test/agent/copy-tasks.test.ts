import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  attachment,
  clientId,
  copyRequest,
  ended,
  globalId,
  MiB,
  makeHost,
  noise,
  sha256,
  soon,
  underWay,
} from './support.ts'

test('gives the same task to the same request, and a conflict to another under its id', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  await host.attach(4 * MiB)
  await host.image('disk', noise(2 * MiB))
  const request = copyRequest('disk', 'raw', 4 * MiB)

  const [first, second] = await Promise.all([
    client.copyImage(request, soon()),
    client.copyImage(request, soon()),
  ])
  expect([first.id, second.id]).toEqual(['request-1', 'request-1'])
  const other = client.copyImage({ ...request, targetState: 'new' }, soon())
  await expect(other).rejects.toMatchObject({ code: 'request_conflict', retryable: false })

  const done = await ended(client)
  expect(await client.copyImage(request, soon())).toEqual(done)
  expect(await client.tasks(soon())).toEqual([done])
})

test('a task on a volume bars another one, and its release', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  await host.attach(64 * MiB)
  await host.image('disk', noise(64 * MiB))
  const request = copyRequest('disk', 'raw', 64 * MiB)
  await client.copyImage(request, soon())

  const second = client.copyImage({ ...request, requestId: 'request-2' }, soon())
  const release = client.release({ clientId, volume: { globalId }, attachment: attachment() }, soon())

  await expect(second).rejects.toMatchObject({ code: 'volume_in_use', details: { task: 'request-1' } })
  await expect(release).rejects.toMatchObject({ code: 'volume_in_use', details: { task: 'request-1' } })
  await client.cancelTask({ id: 'request-1' }, soon())
  await client.release({ clientId, volume: { globalId }, attachment: attachment() }, soon())
  const late = client.copyImage({ ...request, requestId: 'request-3' }, soon())
  await expect(late).rejects.toMatchObject({ code: 'stale_generation' })
})

test('takes no more tasks at once than it may', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start({ maxTasks: 1 })
  await using _ = agent
  await host.attach(64 * MiB)
  await host.image('disk', noise(64 * MiB))
  const request = copyRequest('disk', 'raw', 64 * MiB)
  await client.copyImage(request, soon())

  const elsewhere = { ...request, requestId: 'request-2', volume: { globalId: 'c.d.e', sizeBytes: MiB } }
  await expect(client.copyImage(elsewhere, soon())).rejects.toMatchObject({
    code: 'too_many_tasks',
    retryable: true,
  })
})

test('a cancelled copy leaves no process, writes no more, and says that the volume is partly written', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const file = await host.attach(64 * MiB)
  await host.image('disk', noise(64 * MiB))
  await client.copyImage(copyRequest('disk', 'raw', 64 * MiB), soon())
  await underWay(client, 4 * MiB)

  const task = await client.cancelTask({ id: 'request-1' }, soon())

  expect(task).toMatchObject({
    state: 'cancelled',
    error: { code: 'cancelled' },
    result: { partlyWritten: true },
  })
  expect(task.doneBytes).toBeLessThan(task.totalBytes)
  expect(host.children()).toEqual([])
  const left = await sha256(file)
  await sleep(50)
  expect(await sha256(file)).toBe(left)
  expect(await client.cancelTask({ id: 'request-1' }, soon())).toEqual(task)
})

test('a higher generation stops the task of a lower one before it is let in', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start({ segmentBytes: 4 * MiB })
  await using _ = agent
  const file = await host.attach(64 * MiB)
  await host.image('old', noise(64 * MiB))
  const image = await host.image('new', noise(2 * MiB))
  await client.copyImage(copyRequest('old', 'raw', 64 * MiB), soon())
  await underWay(client, 4 * MiB)

  const later = { requestId: 'request-2', attachment: attachment(2), targetState: 'new' as const }
  await client.copyImage(copyRequest('new', 'raw', 64 * MiB, later), soon())

  expect(await ended(client, 'request-2')).toMatchObject({ state: 'succeeded' })
  expect(await ended(client)).toMatchObject({
    state: 'failed',
    error: { code: 'stale_generation' },
    result: { partlyWritten: true },
  })
  const content = await readFile(file)
  expect(content.subarray(0, 2 * MiB).equals(await readFile(image))).toBe(true)
  expect(
    content.subarray(2 * MiB).every((byte) => byte === 0),
    'nothing of the old image',
  ).toBe(true)
})
