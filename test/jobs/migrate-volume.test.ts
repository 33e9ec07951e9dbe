import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Submission, SubmitJob, submitJob } from '../../lib/jobs/submit.ts'
import { withheldIn } from '../../lib/store/withheld.ts'
import { startJobs } from '../support/jobs.ts'
import { nameOf } from '../support/makers.ts'
import { atOnce, cancelledAt, inTemplate, queued, run, type System } from './cluster-jobs.ts'

let system: System
beforeAll(async () => {
  system = await startJobs()
})
afterAll(() => system[Symbol.asyncDispose]())

const there = () => system.cluster.simulator.volumes.get(nameOf('v'))
let globalId: string | undefined
beforeEach(async () => {
  await system.invoke('create_volume', {
    volume: { id: 'v', size: 1, ...inTemplate('hdd', { iops: '500' }) },
  })
  globalId = there()?.globalId
})
afterEach(() => {
  system.cluster.simulator.setKnobs(atOnce)
  system.cluster.simulator.reset({ all: true })
})

const toBeta = { volume: { id: 'v' }, cluster: 'beta' }

test('a volume moves to another cluster under its name and global id, and its data follows', async () => {
  system.cluster.simulator.setKnobs({ remoteCopyBytesPerSecond: 2 * 1024 ** 3 })

  const record = await run(system, 'migrate-volume', toBeta)

  expect(record).toMatchObject({
    status: 'succeeded',
    result: { cluster: 'beta', provider_location: globalId },
    doneBytes: 1024 ** 3,
  })
  expect(there()).toMatchObject({ globalId, clusterName: 'beta', templateName: 'hdd', iops: 500 })
  expect(there()?.tags).toEqual({ 'cl-id': 'v' })
})

test('cancelled while its data follows, it is back where it was', async () => {
  system.cluster.simulator.setKnobs({ remoteCopyBytesPerSecond: 1 })
  const document = await queued(system, 'migrate-volume', toBeta)

  const record = await cancelledAt(system, document, 'relocate')

  expect(record).toMatchObject({ status: 'cancelled', result: {} })
  expect(there()).toMatchObject({ globalId, clusterName: 'alpha', templateName: 'hdd' })
  expect(there()?.tags).toEqual({ 'cl-id': 'v' })
})

test('where it is already there is nothing to do', async () => {
  const record = await run(system, 'migrate-volume', { ...toBeta, cluster: 'alpha' })

  expect(record.status).toBe('succeeded')
  expect(system.cluster.simulator.calls.map(({ call }) => call)).not.toContain('VolumeMoveToRemote')
})

test('a volume with snapshots stays where it is, and is told which', async () => {
  await system.invoke('create_snapshot', { snapshot: { id: 's', volume_id: 'v' } })

  const record = await run(system, 'migrate-volume', toBeta)

  expect(record).toMatchObject({
    status: 'failed',
    error: { name: 'Conflict', step: 'take', message: expect.stringContaining('snapshot-s') },
  })
  expect(there()).toMatchObject({ clusterName: 'alpha', tags: { 'cl-id': 'v' } })

  await system.invoke('delete_snapshot', { snapshot: { id: 's' } })
  expect(await run(system, 'migrate-volume', toBeta)).toMatchObject({ status: 'succeeded' })
})

test('a volume that somebody has attached stays where it is', async () => {
  await system.invoke('initialize_connection', { volume: { id: 'v' }, connector: { host: 'host-2' } })

  const record = await run(system, 'migrate-volume', toBeta)

  expect(record).toMatchObject({ status: 'failed', error: { name: 'VolumeIsBusy', step: 'move' } })
  expect(there()).toMatchObject({ clusterName: 'alpha', tags: { 'cl-id': 'v' } })
  await system.invoke('terminate_connection', { volume: { id: 'v' } })
})

test('a cluster that is not there fails the job before the volume is taken', async () => {
  const record = await run(system, 'migrate-volume', { ...toBeta, cluster: 'gamma' })

  expect(record).toMatchObject({
    status: 'failed',
    error: { name: 'InvalidInput', remedy: expect.stringContaining('beta') },
  })
})

test('a retype out of the backend is refused when it is asked for', async () => {
  const input = {
    volume: { id: 'v' },
    new_type: {},
    diff: { extra_specs: { volume_backend_name: ['here', 'elsewhere'] } },
  }
  const to: Submission = {
    jobs: system.records,
    withheld: withheldIn(system.cluster.table),
    queue: { send: () => Promise.reject(new Error('nothing is to be queued')) },
    hosts: { get: async () => undefined, all: async () => [] },
    jobHost: undefined,
    backendNameOf: () => undefined,
    now: () => new Date().toISOString(),
  }

  const asked = submitJob(to, SubmitJob.parse({ kind: 'retype-volume', input }))

  await expect(asked).rejects.toMatchObject({
    name: 'NotSupported',
    message: expect.stringContaining('migrate the volume'),
  })
})
