import { randomBytes, randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CopyImageToVolumeInput } from '../../lib/jobs/copy-image-to-volume/document.ts'
import { JobDocument } from '../../lib/jobs/document.ts'
import { takeIn } from '../../lib/jobs/submit.ts'
import { startJobs } from '../support/jobs.ts'
import { nameOf } from '../support/makers.ts'

const image = randomBytes(3 * 1024 ** 2)
const now = () => new Date().toISOString()

let system: Awaited<ReturnType<typeof startJobs>>
beforeAll(async () => {
  system = await startJobs()
  await writeFile(join(system.images, 'disk.raw'), image)
})
afterAll(() => system[Symbol.asyncDispose]())

/** A queued job for a new volume. */
const queued = async (id: string, change: Record<string, unknown> = {}) => {
  await system.invoke('create_volume', { volume: { id, size: 1 } })
  const document = JobDocument.parse({
    id: randomUUID(),
    kind: 'copy-image-to-volume',
    version: 1,
    project: 'p',
    backend: 'default',
    input: CopyImageToVolumeInput.parse({
      volume: { id },
      image: { source: { kind: 'folder', name: 'disk.raw' }, format: 'raw' },
      host: 'host-1',
      ...change,
    }),
  })
  await takeIn({ jobs: system.records, now }, document)
  return document
}

const nothingAttached = () => expect(system.cluster.simulator.attachments).toEqual([])

test('attaches, copies and detaches; the image is on the volume', async () => {
  const document = await queued('copied')

  const execution = await system.run(document)

  expect(execution.getStatus()).toBe('SUCCEEDED')
  expect(await system.records.get(document.id)).toMatchObject({
    status: 'succeeded',
    step: 'done',
    doneBytes: image.length,
    totalBytes: image.length,
  })
  nothingAttached()
  const { data } = (await system.invoke('initialize_connection', {
    volume: { id: 'copied' },
    connector: { host: 'host-2' },
  })) as { data: { globalId: string } }
  const device = join(system.cluster.simulator.devicesOf(2), 'storpool-byid', data.globalId)
  expect((await readFile(device)).subarray(0, image.length).equals(image)).toBe(true)
  await system.invoke('terminate_connection', { volume: { id: 'copied' } })
})

test('fails at once where another host answers at the address, with nothing attached', async () => {
  const document = await queued('mistaken', { host: 'host-3' })

  await system.run(document)

  expect(await system.records.get(document.id)).toMatchObject({
    status: 'failed',
    error: {
      name: 'UnknownHost',
      message: expect.stringContaining('host host-1, client 1, and not host host-3'),
      step: 'attach',
    },
  })
  nothingAttached()
})

test('a volume that is not there fails the job at its first step', async () => {
  const document = await queued('gone')
  await system.invoke('delete_volume', { volume: { id: 'gone' } })

  await system.run(document)

  expect(await system.records.get(document.id)).toMatchObject({
    status: 'failed',
    error: { name: 'VolumeNotFound', step: 'attach' },
  })
})

test('a volume that somebody has is refused, and stays theirs', async () => {
  const document = await queued('theirs')
  const connector = { host: 'host-2' }
  await system.invoke('initialize_connection', { volume: { id: 'theirs' }, connector })

  await system.run(document)

  expect(await system.records.get(document.id)).toMatchObject({
    status: 'failed',
    error: { name: 'VolumeIsBusy', message: expect.stringContaining('host-2') },
  })
  expect(system.cluster.simulator.attachments).toMatchObject([{ client: 2 }])
  await system.invoke('terminate_connection', { volume: { id: 'theirs' } })
})

test.each([
  [
    'an image that is not there',
    { source: { kind: 'folder', name: 'none.raw' }, format: 'raw' },
    'source_not_found',
  ],
  [
    'an image of another format',
    { source: { kind: 'folder', name: 'disk.raw' }, format: 'qcow2' },
    'format_mismatch',
  ],
  [
    'an image with another digest',
    { source: { kind: 'folder', name: 'disk.raw' }, format: 'raw', sha256: '0'.repeat(64) },
    'digest_mismatch',
  ],
])('%s fails the job, and nothing stays attached', async (what, wrong, code) => {
  const id = what.replaceAll(' ', '-')
  const document = await queued(id, { image: wrong })

  await system.run(document)

  expect(await system.records.get(document.id)).toMatchObject({
    status: 'failed',
    doneBytes: 0,
    error: { name: 'InvalidInput', details: { agent: code } },
  })
  nothingAttached()
})

test('a job that was cancelled while it was queued does nothing', async () => {
  const document = await queued('cancelled')
  await system.records.change(document.id, { status: 'cancelled', cancelRequested: true }, ['queued'])
  system.cluster.simulator.reset()

  await system.run(document)

  expect((await system.records.get(document.id))?.status).toBe('cancelled')
  expect(system.cluster.simulator.calls.filter(({ method }) => method === 'POST')).toEqual([])
})

test('an attach whose answer was lost is settled, and the job goes on', async () => {
  const document = await queued('lost')
  system.cluster.simulator.fault({ match: 'VolumesReassignWait', kind: 'resetAfterCommit', times: 1 })

  await system.run(document)

  expect(await system.records.get(document.id)).toMatchObject({ status: 'succeeded' })
  nothingAttached()
  await system.invoke('delete_volume', { volume: { id: 'lost' } })
  expect(system.cluster.simulator.volumes.has(nameOf('lost'))).toBe(false)
})

test('a host without an agent is refused before anything is attached to it', async () => {
  const document = await queued('nobody-there', { host: 'host-2' })

  await system.run(document)

  expect(await system.records.get(document.id)).toMatchObject({
    status: 'failed',
    attempts: 1,
    error: { name: 'UnknownHost', message: expect.stringContaining('host-2'), step: 'attach' },
  })
  nothingAttached()
})
