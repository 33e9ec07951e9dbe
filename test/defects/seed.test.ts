import { randomBytes, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getVolumeStats } from '../../lib/driver/get-volume-stats.ts'
import { CopyImageToVolumeInput } from '../../lib/jobs/copy-image-to-volume/document.ts'
import { JobDocument } from '../../lib/jobs/document.ts'
import { takeIn } from '../../lib/jobs/submit.ts'
import { startJobs } from '../support/jobs.ts'

let system: Awaited<ReturnType<typeof startJobs>>
beforeAll(async () => {
  system = await startJobs()
  await writeFile(join(system.images, 'disk.raw'), randomBytes(1024 ** 2))
})
afterAll(() => system[Symbol.asyncDispose]())

/** A queued job for a new volume, of one request with all others. */
const queued = async (id: string, volume: Record<string, unknown> = {}, format = 'raw') => {
  await system.invoke('create_volume', { volume: { id, size: 1 } })
  const document = JobDocument.parse({
    id: randomUUID(),
    kind: 'copy-image-to-volume',
    version: 1,
    project: 'one',
    backend: 'default',
    input: CopyImageToVolumeInput.parse({
      volume: { id, ...volume },
      image: { source: { kind: 'folder', name: 'disk.raw' }, format },
      host: 'host-1',
    }),
  })
  await takeIn({ jobs: system.records, now: () => new Date().toISOString() }, document)
  return document
}

test('two copies of one request do not meet: what became of the first is nothing to the second', async () => {
  const [first, second] = [await queued('first', {}, 'qcow2'), await queued('second')]

  await system.run(first)
  await system.run(second)

  expect(await system.records.get(first.id)).toMatchObject({ status: 'failed' })
  expect(await system.records.get(second.id)).toMatchObject({ status: 'succeeded' })
  expect(system.cluster.simulator.attachments).toEqual([])
})

test('an image is not written past a volume’s encryption, by whatever way the job came', async () => {
  const volume = { encryption_key_id: 'key' }
  const document = await queued('secret', volume)
  system.cluster.simulator.reset()

  await system.run(document)

  expect(await system.records.get(document.id)).toMatchObject({
    status: 'failed',
    doneBytes: 0,
    error: { name: 'NotSupported', step: 'attach' },
  })
  expect(system.cluster.simulator.calls.filter(({ method }) => method === 'POST')).toEqual([])
})

test('what went wrong first is what the job says, with what could not be undone beside it', async () => {
  const document = await queued('stuck', {}, 'qcow2')
  const { simulator } = system.cluster
  simulator.fault({ match: 'VolumesReassignWait', kind: 'error', name: 'internalError', skip: 1, times: 1 })

  await system.run(document)

  expect(await system.records.get(document.id)).toMatchObject({
    status: 'failed',
    error: { name: 'InvalidInput', details: { agent: 'format_mismatch', left: [{ step: 'undo: detach' }] } },
  })
  await system.invoke('terminate_connection', { volume: { id: 'stuck' } })
})

test('statistics are there before the first sample was kept', async () => {
  const backend = { ...system.cluster.backend, lastStats: async () => undefined }

  const { pools } = await getVolumeStats(backend, { refresh: false })

  expect(pools.length).toBeGreaterThan(1)
})
