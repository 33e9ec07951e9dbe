import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startJobs } from '../support/jobs.ts'
import { nameOf } from '../support/makers.ts'
import { inTemplate, run, type System } from './cluster-jobs.ts'

let system: System
beforeAll(async () => {
  system = await startJobs()
})
afterAll(() => system[Symbol.asyncDispose]())

const there = () => system.cluster.simulator.volumes.get(nameOf('v'))
const snapshots = () => [...system.cluster.simulator.snapshots.keys()]
const theirs = ['os--snap--none--snapshot-s']
beforeEach(async () => {
  await system.invoke('create_volume', {
    volume: { id: 'v', size: 1, ...inTemplate('hdd', { iops: '500' }) },
  })
  await system.invoke('create_snapshot', { snapshot: { id: 's', volume_id: 'v' } })
  await system.invoke('extend_volume', { volume: { id: 'v' }, new_size: 3 })
})
afterEach(() => system.cluster.simulator.reset({ all: true }))

const toSnapshot = { volume: { id: 'v' }, snapshot: { id: 's' } }

test('the data is the snapshot’s, size and limits are the volume’s, and what it was before is kept for a week', async () => {
  const record = await run(system, 'revert-volume', toSnapshot)

  const name = `os--safety-${record.id}`
  const safety = system.cluster.simulator.snapshots.get(name)
  const week = 7 * 24 * 3600
  expect(there()).toMatchObject({ parentName: theirs[0], size: 3 * 1024 ** 3, iops: 500 })
  expect(there()?.tags).toEqual({ 'cl-id': 'v' })
  expect(safety).toMatchObject({ size: 3 * 1024 ** 3 })
  const keptSeconds = Number(Object(safety).targetDeleteDate) - Date.now() / 1000
  expect(Math.abs(keptSeconds - week)).toBeLessThan(600)
  expect(record).toMatchObject({
    status: 'succeeded',
    result: { volume: 'reverted', safetySnapshot: { name, provider_location: safety?.globalId } },
  })
})

test('what it was before is there again after a revert to the safety snapshot', async () => {
  const { result } = await run(system, 'revert-volume', toSnapshot)
  const { provider_location } = Object(result).safetySnapshot

  const record = await run(system, 'revert-volume', {
    ...toSnapshot,
    snapshot: { id: 'safety', provider_location },
  })

  expect(record.status).toBe('succeeded')
  expect(there()?.parentName).toBe(Object(result).safetySnapshot.name)
})

test('a volume that somebody has attached is refused, and no safety snapshot is left', async () => {
  await system.invoke('initialize_connection', { volume: { id: 'v' }, connector: { host: 'host-2' } })

  const record = await run(system, 'revert-volume', toSnapshot)

  expect(record).toMatchObject({
    status: 'failed',
    error: { name: 'VolumeIsBusy', message: expect.stringContaining('host-2') },
    result: { volume: 'as before' },
  })
  expect(snapshots()).toEqual(theirs)
  await system.invoke('terminate_connection', { volume: { id: 'v' } })
})

test('a snapshot that is not there fails the job before anything is made', async () => {
  const record = await run(system, 'revert-volume', { ...toSnapshot, snapshot: { id: 'none' } })

  expect(record).toMatchObject({ status: 'failed', error: { name: 'SnapshotNotFound', step: 'take' } })
  expect(snapshots()).toEqual(theirs)
})

test('failed after the revert, the record names the snapshot of what was, and the limits are back', async () => {
  system.cluster.simulator.fault({ match: 'VolumeUpdate', skip: 1, kind: 'error', name: 'internalError' })

  const record = await run(system, 'revert-volume', toSnapshot)

  expect(record).toMatchObject({
    status: 'failed',
    error: { step: 'revert' },
    result: { volume: 'reverted', safetySnapshot: { name: `os--safety-${record.id}` } },
  })
  expect(there()).toMatchObject({ iops: 500, tags: { 'cl-id': 'v' } })
  expect(snapshots()).toContain(`os--safety-${record.id}`)
})
