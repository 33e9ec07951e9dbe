import { existsSync, statSync } from 'node:fs'
import { readFile, rename, symlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import {
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
