import { execFile } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aFolder, type SystemProcess, startProcess } from '../support/system.ts'

const MiB = 1024 ** 2
const IMAGE_BYTES = 640 * MiB

let folder: Awaited<ReturnType<typeof aFolder>>
let system: SystemProcess
let imageSum: string

beforeAll(async () => {
  folder = await aFolder()
  system = await startProcess(folder.path)
  const images = join(folder.path, 'images')
  await writeImage(join(images, 'disk.raw'))
  imageSum = await sumOf(join(images, 'disk.raw'), IMAGE_BYTES)
  await promisify(execFile)('qemu-img', [
    'convert',
    '-f',
    'raw',
    '-O',
    'qcow2',
    join(images, 'disk.raw'),
    join(images, 'disk.qcow2'),
  ])
}, 120_000)
afterAll(async () => {
  await system.stop()
  await folder[Symbol.asyncDispose]()
})

/** Data that no tool can skip: incompressible, and no two blocks alike. */
const writeImage = async (path: string) => {
  const block = randomFillSync(Buffer.alloc(16 * MiB))
  await using file = await open(path, 'w')
  for (let at = 0; at < IMAGE_BYTES; at += block.length) {
    block.writeUInt32BE(at / block.length, 0)
    await file.write(block, 0, block.length, at)
  }
}

const sumOf = async (path: string, bytes: number) => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { end: bytes - 1 })) hash.update(chunk)
  return hash.digest('hex')
}

/** What host-2 reads from a volume, attached read-only. */
const readBack = async (id: string) => {
  const connector = { host: 'host-2' }
  const { data } = await system.drive('initialize_connection', { volume: { id }, connector, mode: 'ro' })
  expect(data.access_mode).toBe('ro')
  const device = join(folder.path, 'simulator', 'dev', '2', 'storpool-byid', data.globalId)
  const read = { sum: await sumOf(device, IMAGE_BYTES), bytes: (await stat(device)).size }
  await system.drive('terminate_connection', { volume: { id }, connector })
  return read
}

const submit = async (id: string, name: string) => {
  const format = name.split('.')[1]
  const { status, body } = await system.call('/jobs', {
    kind: 'copy-image-to-volume',
    input: { volume: { id }, image: { source: { kind: 'folder', name }, format } },
  })
  expect(status).toBe(202)
  return String(body.id)
}

type Job = { status: string; step?: string; percent?: number; doneBytes: number; totalBytes: number }

const until = async (id: string, isSo: (job: Job) => boolean) => {
  for (;;) {
    const { body } = await system.call(`/jobs/${id}`)
    if (isSo(body)) return body
    if (!['queued', 'running'].includes(body.status))
      throw new Error(`the job ended: ${JSON.stringify(body)}`)
    await sleep(10)
  }
}
const midway = ({ doneBytes, totalBytes }: Job) => doneBytes > 0 && doneBytes < totalBytes
const succeeded = ({ status }: Job) => status === 'succeeded'

test('an image becomes a volume, though the system is killed in the middle of the copy', async () => {
  await system.drive('create_volume', { volume: { id: 'raw', size: 1 } })
  const job = await submit('raw', 'disk.raw')
  const seen = await until(job, midway)
  expect(seen.percent).toBeGreaterThan(0)
  expect(seen.percent).toBeLessThan(100)

  await system.kill()
  system = await startProcess(folder.path)

  const done = await until(job, succeeded)
  expect(done).toMatchObject({ percent: 100, doneBytes: IMAGE_BYTES, totalBytes: IMAGE_BYTES })
  expect(await readBack('raw')).toEqual({ sum: imageSum, bytes: 1024 * MiB })
}, 120_000)

test('the same from qcow2, and its snapshot becomes another, larger volume', async () => {
  await system.drive('create_volume', { volume: { id: 'qcow2', size: 1 } })
  await until(await submit('qcow2', 'disk.qcow2'), succeeded)
  await system.drive('create_snapshot', { snapshot: { id: 'point', volume_id: 'qcow2' } })
  await system.drive('delete_volume', { volume: { id: 'qcow2' } })
  const snapshot = { id: 'point', volume_size: 1 }
  await system.drive('create_volume_from_snapshot', { volume: { id: 'copy', size: 2 }, snapshot })

  expect(await readBack('copy')).toEqual({ sum: imageSum, bytes: 2048 * MiB })

  await system.drive('delete_snapshot', { snapshot })
  await system.drive('delete_volume', { volume: { id: 'copy' } })
}, 120_000)

test('a cancelled copy leaves nothing attached, and says that the volume is partly written', async () => {
  await system.drive('create_volume', { volume: { id: 'cancelled', size: 1 } })
  const job = await submit('cancelled', 'disk.raw')
  await until(job, midway)

  expect((await system.call(`/jobs/${job}/cancel`, {})).status).toBe(202)

  const ended = await until(job, ({ status }) => status === 'cancelled')
  expect(ended).toMatchObject({ cancelRequested: true, result: { volume: 'partly written' } })
  expect((await system.call('/driver/delete_volume', { volume: { id: 'cancelled' } })).status).toBe(200)
}, 60_000)

test('an image that is not what it is said to be fails the job, writes nothing and leaves nothing attached', async () => {
  await system.drive('create_volume', { volume: { id: 'liar', size: 1 } })
  const { body } = await system.call('/driver/copy_image_to_volume', {
    volume: { id: 'liar' },
    image: { source: { kind: 'folder', name: 'disk.qcow2' }, format: 'raw' },
  })

  const ended = await until(body.jobId, ({ status }) => status === 'failed')

  expect(ended).toMatchObject({
    doneBytes: 0,
    error: { name: 'InvalidInput', step: 'copy', details: { agent: 'format_mismatch' } },
  })
  await system.drive('delete_volume', { volume: { id: 'liar' } })
}, 60_000)
