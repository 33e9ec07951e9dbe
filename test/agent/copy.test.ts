import { existsSync, statSync } from 'node:fs'
import { readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import {
  attachment,
  clientId,
  copyRequest,
  ended,
  globalId,
  MiB,
  makeHost,
  noise,
  qemuImg,
  sha256,
  soon,
  underWay,
} from './support.ts'

test('copies every format so that the volume is the disk in the image', { timeout: 60_000 }, async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start({ segmentBytes: 4 * MiB })
  await using _ = agent
  const disk = Buffer.alloc(10 * MiB)
  noise(3 * MiB).copy(disk, 1 * MiB)
  noise(1 * MiB).copy(disk, 9 * MiB)
  const raw = await host.image('disk.raw', disk)
  const forms = [
    ['raw', []],
    ['qcow2', ['-c']],
    ['vmdk', ['-o', 'subformat=streamOptimized']],
    ['vhdx', []],
    ['vpc', ['-o', 'force_size=on']],
    ['vdi', []],
  ] as const

  for (const [index, [format, options]] of forms.entries()) {
    const name = `disk-${format}`
    qemuImg('convert', '-f', 'raw', '-O', format, ...options, raw, host.at('images', name))
    const id = `a.b.${index}`
    const file = await host.attach(12 * MiB, { id, fill: 'x' })
    const request = copyRequest(name, format, 12 * MiB, {
      requestId: name,
      volume: { globalId: id, sizeBytes: 12 * MiB },
    })
    await client.copyImage(request, soon())

    const task = await ended(client, name)
    expect(task).toMatchObject({
      state: 'succeeded',
      phase: 'done',
      doneBytes: 10 * MiB,
      totalBytes: 10 * MiB,
      result: { partlyWritten: false, format, virtualSizeBytes: 10 * MiB },
    })
    const content = await readFile(file)
    expect(content.subarray(0, 10 * MiB).equals(disk), `${format}: the disk`).toBe(true)
    expect(
      content.subarray(10 * MiB).every((byte) => byte === 0),
      `${format}: zeros behind it`,
    ).toBe(true)
    expect(statSync(file).blocks * 512, `${format}: holes stay holes`).toBeLessThan(6 * MiB)
  }
})

test('keeps what lies behind the image on a new volume, unless another task wrote there', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const file = await host.attach(4 * MiB, { fill: 'x' })
  await host.image('odd', noise(MiB + 1000))
  const request = copyRequest('odd', 'raw', 4 * MiB, { targetState: 'new' })
  // Whole sectors: the image's last one is filled up with zeros.
  const end = MiB + 1024

  await client.copyImage(request, soon())
  expect(await ended(client)).toMatchObject({ state: 'succeeded', totalBytes: end })
  expect((await readFile(file)).subarray(end).every((byte) => byte === 'x'.charCodeAt(0))).toBe(true)

  await client.copyImage({ ...request, requestId: 'request-2' }, soon())
  await ended(client, 'request-2')
  expect((await readFile(file)).subarray(end).every((byte) => byte === 0)).toBe(true)
})

test('leaves the device as large as it was, also where that is no whole number of blocks', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const bytes = 2 * MiB + 512
  const file = await host.attach(bytes, { fill: 'x' })
  const image = await host.image('whole', noise(bytes))

  await client.copyImage(copyRequest('whole', 'raw', bytes), soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(statSync(file).size).toBe(bytes)
  expect(await sha256(file)).toBe(await sha256(image))
})

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

test('notices that the image was replaced while it was copied', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  await host.attach(64 * MiB)
  const image = await host.image('disk', noise(64 * MiB))
  const other = await host.image('other', noise(MiB))
  await client.copyImage(copyRequest('disk', 'raw', 64 * MiB), soon())
  await underWay(client, 2 * MiB)

  await rename(other, image)

  expect(await ended(client)).toMatchObject({
    state: 'failed',
    error: { code: 'source_changed', retryable: true },
    result: { partlyWritten: true },
  })
})

test('never makes a device: with a link that leads nowhere the copy waits', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  await symlink(host.at('volumes/nothing'), host.at('dev/storpool-byid', globalId))
  await host.image('disk', noise(MiB))

  await client.copyImage(copyRequest('disk', 'raw', MiB), soon())
  await vi.waitFor(
    async () =>
      expect(await client.task({ id: 'request-1' }, soon())).toMatchObject({
        state: 'running',
        phase: 'wait',
      }),
    { timeout: 20_000 },
  )
  await sleep(300)

  expect(existsSync(host.at('volumes/nothing'))).toBe(false)
  expect(await client.cancelTask({ id: 'request-1' }, soon())).toMatchObject({
    state: 'cancelled',
    result: { partlyWritten: false },
  })
})

test('refuses before the first write what cannot be copied', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const file = await host.attach(4 * MiB, { fill: 'x' })
  const before = await sha256(file)
  await host.image('large', noise(5 * MiB))
  const image = await host.image('disk', noise(MiB))
  await symlink('/etc/passwd', host.at('images/link'))
  qemuImg('create', '-f', 'qcow2', host.at('images/qcow2'), '1M')
  const refusals = {
    image_too_large: copyRequest('large', 'raw', 4 * MiB),
    digest_mismatch: copyRequest('disk', 'raw', 4 * MiB, { sha256: '0'.repeat(64) }),
    format_mismatch: copyRequest('qcow2', 'raw', 4 * MiB),
    source_not_found: copyRequest('link', 'raw', 4 * MiB),
  }

  for (const [code, request] of Object.entries(refusals)) {
    await client.copyImage({ ...request, requestId: code }, soon())
    expect(await ended(client, code)).toMatchObject({
      state: 'failed',
      error: { code, retryable: false },
      result: { partlyWritten: false },
    })
  }
  expect(await sha256(file)).toBe(before)

  const right = copyRequest('disk', 'raw', 4 * MiB, { requestId: 'right', sha256: await sha256(image) })
  await client.copyImage(right, soon())
  expect(await ended(client, 'right')).toMatchObject({ state: 'succeeded' })
})

/** A device that is there, and its part of a request to copy from it. */
const copied = (id: string, sizeBytes: number, generation = 1) => ({
  volume: { globalId: id, sizeBytes },
  attachment: attachment(generation, `from-${generation}`),
})

test('copies one volume onto a larger one, and clears what lies behind', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const from = await host.attach(6 * MiB, { id: 'a.b.1' })
  const bytes = Buffer.alloc(6 * MiB)
  noise(MiB).copy(bytes, 2 * MiB)
  await writeFile(from, bytes)
  const to = await host.attach(8 * MiB, { fill: 'x' })
  const { source: _image, format: _format, ...request } = copyRequest('none', 'raw', 8 * MiB)

  await client.copyVolume({ ...request, source: copied('a.b.1', 6 * MiB) }, soon())

  expect(await ended(client)).toMatchObject({
    kind: 'copy-volume',
    state: 'succeeded',
    volume: globalId,
    doneBytes: 6 * MiB,
    totalBytes: 6 * MiB,
  })
  const content = await readFile(to)
  expect(content.subarray(0, 6 * MiB).equals(bytes)).toBe(true)
  expect(content.subarray(6 * MiB).every((byte) => byte === 0)).toBe(true)
})

test('a copy between volumes is stopped when either is attached anew', { timeout: 60_000 }, async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  await host.attach(512 * MiB, { id: 'a.b.1', fill: 'y' })
  await host.attach(512 * MiB)
  const { source: _image, format: _format, ...request } = copyRequest('none', 'raw', 512 * MiB)
  await client.copyVolume({ ...request, source: copied('a.b.1', 512 * MiB) }, soon())
  await underWay(client, MiB)

  await client.attachWait({ clientId, ...copied('a.b.1', 512 * MiB, 2), mode: 'ro', waitMs: 1_000 }, soon())

  expect(await ended(client)).toMatchObject({
    state: 'failed',
    error: { code: 'stale_generation' },
    result: { partlyWritten: true },
  })
  expect(host.children()).toEqual([])
})

test.each([
  ['onto itself', { id: globalId, bytes: 2 * MiB }, 'bad_request'],
  ['from a larger one', { id: 'a.b.1', bytes: 4 * MiB }, 'size_mismatch'],
])('a volume is not copied %s, and nothing is written', async (_, { id, bytes }, code) => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _agent = agent
  const to = await host.attach(2 * MiB, { fill: 'x' })
  if (id !== globalId) await host.attach(bytes, { id })
  const { source: _image, format: _format, ...request } = copyRequest('none', 'raw', 2 * MiB)

  const asked = client.copyVolume(
    { ...request, source: { ...copied(id, bytes), attachment: attachment() } },
    soon(),
  )
  const refusal = await asked.then(
    async () => (await ended(client)).error,
    (error: { code: string }) => error,
  )

  expect(refusal).toMatchObject({ code })
  expect((await readFile(to)).every((byte) => byte === 'x'.charCodeAt(0))).toBe(true)
})

test('what opens a store is neither remembered nor part of what a request is known by', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  await host.attach(2 * MiB)
  await host.image('disk', noise(2 * MiB))
  const request = copyRequest('disk', 'raw', 2 * MiB)
  await client.copyImage({ ...request, secrets: { secretAccessKey: 'hidden-word' } }, soon())
  expect(await ended(client)).toMatchObject({ state: 'succeeded' })

  expect(await client.copyImage({ ...request, secrets: { token: 'other-word' } }, soon())).toMatchObject({
    state: 'succeeded',
  })
  expect(await readFile(host.at('state/journal.jsonl'), 'utf8')).not.toMatch(/hidden-word|other-word/)
})
