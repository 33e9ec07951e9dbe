import { execFileSync } from 'node:child_process'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startJobs } from '../support/jobs.ts'
import { cancelledAt, queued, run, type System } from './cluster-jobs.ts'
import { bytesOf, filled, nothingLeft } from './host-jobs.ts'

let system: System
beforeAll(async () => {
  system = await startJobs()
})
afterAll(() => system[Symbol.asyncDispose]())

const image = (name: string, more: object = {}) => ({
  destination: { kind: 'folder', store: 'shelf', name },
  format: 'qcow2',
  ...more,
})

/** What the disk in an image begins with. */
const contentOf = (name: string, length: number): Promise<Buffer> => {
  const raw = join(system.shelf, 'back.raw')
  execFileSync('qemu-img', ['convert', '-O', 'raw', join(system.shelf, name), raw])
  return bytesOf(raw, length)
}

test('a volume becomes an image of one point in time, and nothing but the image stays', async () => {
  const bytes = await filled(system, 'source')

  const record = await run(system, 'copy-volume-to-image', {
    volume: { id: 'source' },
    image: image('source.qcow2'),
    host: 'host-1',
  })

  expect(record).toMatchObject({
    status: 'succeeded',
    result: { image: { format: 'qcow2', virtualSizeBytes: 1024 ** 3, sha256: expect.any(String) } },
  })
  expect(await contentOf('source.qcow2', bytes.length)).toEqual(bytes)
  await nothingLeft(system, ['source'])
})

test('a snapshot that is named is what is read, and it stays', async () => {
  const bytes = await filled(system, 'kept')
  await system.invoke('create_snapshot', { snapshot: { id: 'of-kept', volume_id: 'kept' } })
  await filled(system, 'kept', { again: true })

  const record = await run(system, 'copy-volume-to-image', {
    volume: { id: 'kept' },
    snapshot: { id: 'of-kept' },
    image: image('kept.qcow2', { compression: 'none' }),
    host: 'host-1',
  })

  expect(record).toMatchObject({ status: 'succeeded' })
  expect(await contentOf('kept.qcow2', bytes.length)).toEqual(bytes)
  await nothingLeft(system, ['source', 'kept'], ['of-kept'])
  await system.invoke('delete_snapshot', { snapshot: { id: 'of-kept' } })
})

test.each(['take a snapshot', 'attach', 'wait for the device', 'start upload', 'upload'])(
  'cancelled at "%s", there is no image that is not said, no snapshot and no attachment',
  async (step) => {
    await filled(system, 'cancelled')
    const document = await queued(system, 'copy-volume-to-image', {
      volume: { id: 'cancelled' },
      image: image(`at-${step.replaceAll(' ', '-')}.qcow2`),
      host: 'host-1',
    })

    const record = await cancelledAt(system, document, step)

    // The image may have been done before.
    if (record.status === 'cancelled' && record.result === undefined) {
      expect((await readdir(system.shelf)).filter((name) => name.includes('at-'))).toEqual([])
    }
    expect(['cancelled', 'succeeded']).toContain(record.status)
    await nothingLeft(system, ['source', 'kept', 'cancelled'])
    await system.invoke('delete_volume', { volume: { id: 'cancelled' } })
    for (const name of await readdir(system.shelf)) {
      if (name.startsWith('at-')) await rm(join(system.shelf, name))
    }
  },
)

test('a name that is taken on the shelf fails the job, and what is there stays', async () => {
  const before = await readdir(system.shelf)

  const record = await run(system, 'copy-volume-to-image', {
    volume: { id: 'source' },
    image: image('source.qcow2'),
    host: 'host-1',
  })

  expect(record).toMatchObject({ status: 'failed', error: { name: 'Conflict' } })
  expect(await readdir(system.shelf)).toEqual(before)
  await nothingLeft(system, ['source', 'kept'])
})

test('a store that the agent does not have is named', async () => {
  const record = await run(system, 'copy-volume-to-image', {
    volume: { id: 'source' },
    image: image('x.qcow2', { destination: { kind: 'folder', store: 'attic', name: 'x.qcow2' } }),
    host: 'host-1',
  })

  expect(record).toMatchObject({
    status: 'failed',
    error: { name: 'InvalidInput', message: expect.stringContaining('attic') },
  })
  await nothingLeft(system, ['source', 'kept'])
})
