import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { JobRecord } from '../../../lib/jobs/record.ts'
import { ended, inTemplate, queued, run } from '../../jobs/cluster-jobs.ts'
import { bytesOn, filled } from '../../jobs/host-jobs.ts'
import { startTwoLocations, type TwoLocations } from '../../jobs/two-locations.ts'
import { nameOf } from '../../support/makers.ts'

let system: TwoLocations
beforeAll(async () => {
  system = await startTwoLocations()
})
afterAll(() => system[Symbol.asyncDispose]())

/** A volume of its own for each test. */
let id = 'v'
let tags: object
let toEast: { volume: { id: string }; to_host: string; host: string }
let bytes: Buffer
const here = () => system.cluster.simulator.volumes.get(nameOf(id))
const there = () => system.east.volumes.get(nameOf(id))

beforeEach(async () => {
  id = `v-${system.cluster.simulator.calls.length}`
  tags = { 'cl-id': id, 'cl-project': 'p1', qc: 'gold' }
  toEast = { volume: { id }, to_host: 'h@east#pool', host: 'host-1' }
  const type = inTemplate('hdd', { iops: '500', qc: 'gold' })
  await system.invoke('create_volume', { volume: { id, size: 1, project_id: 'p1', ...type } })
  bytes = await filled(system, id, { again: true })
})
afterEach(async () => {
  expect([...system.cluster.simulator.attachments, ...system.east.attachments]).toEqual([])
  await system.invoke('delete_volume', { volume: { id } })
  await system.invoke('delete_volume', { volume: { id, host: 'h@east#pool' } })
})

/** The volume is where it was, nobody's, with its data. */
const asBefore = async (record: JobRecord) => {
  expect(record.result ?? {}).toEqual({})
  expect(there()).toBeUndefined()
  expect(here()?.tags).toEqual(tags)
  expect(await bytesOn(system, id, bytes.length)).toEqual(bytes)
  expect([...system.cluster.simulator.snapshots.keys()]).toEqual([])
}

test('a volume goes to another location under its id and name, with its limits, and comes back', async () => {
  const gone = await run(system, 'migrate-volume', toEast)
  expect(gone).toMatchObject({ status: 'succeeded', doneBytes: 1024 ** 3, totalBytes: 1024 ** 3 })
  expect(gone.result).toEqual({ host: 'h@east#pool', provider_location: there()?.globalId })
  expect(here()).toBeUndefined()
  expect(there()).toMatchObject({ size: 1024 ** 3, templateName: 'hdd', iops: 500, tags })
  const onEast = { id, host: 'h@east#pool' }

  const record = await run(system, 'migrate-volume', {
    ...toEast,
    volume: onEast,
    to_host: 'h@default#pool',
    new_type: { extra_specs: { storpool_template: 'ssd' } },
  })

  expect(record).toMatchObject({ status: 'succeeded' })
  expect(there()).toBeUndefined()
  expect(here()).toMatchObject({ templateName: 'ssd', globalId: record.result?.provider_location })
  expect(await bytesOn(system, id, bytes.length)).toEqual(bytes)
})

test('until it is there nobody else gets it attached, or deletes it; cancelled, it is where it was', async () => {
  system.east.fault({ match: 'VolumesReassignWait', times: 1000, kind: 'transient' })
  const document = await queued(system, 'migrate-volume', toEast)
  const running = ended(system, document)
  const record = () => system.records.get(document.id)
  await vi.waitFor(async () => expect(await record()).toMatchObject({ error: { step: 'attach' } }), 30_000)

  for (const [method, input] of [
    ['initialize_connection', { volume: { id }, connector: { host: 'host-2' } }],
    ['delete_volume', { volume: { id } }],
    ['delete_volume', { volume: { id, host: 'h@east#pool' } }],
  ] as const) {
    await expect(system.invoke(method, input), method).rejects.toMatchObject({ name: 'VolumeIsBusy' })
  }

  await system.records.change(document.id, { cancelRequested: true }, ['running'])
  system.east.reset()
  await asBefore(await running)
})

test('a volume that somebody has attached stays where it is', async () => {
  const connection = { volume: { id }, connector: { host: 'host-2' } }
  await system.invoke('initialize_connection', connection)

  const record = await run(system, 'migrate-volume', toEast)

  expect(record).toMatchObject({
    status: 'failed',
    error: { name: 'VolumeIsBusy', step: 'hold the source', details: { holders: [{ host: 'host-2' }] } },
  })
  await system.invoke('terminate_connection', connection)
  await asBefore(record)
})

test('what has snapshots, or is in the location already, is refused before it is taken', async () => {
  await system.invoke('create_snapshot', { snapshot: { id: 's', volume_id: id } })
  expect(await run(system, 'migrate-volume', toEast)).toMatchObject({
    error: { name: 'Conflict', step: 'take', message: expect.stringContaining('snapshot-s') },
  })
  await system.invoke('delete_snapshot', { snapshot: { id: 's' } })

  const record = await run(system, 'migrate-volume', { ...toEast, to_host: 'h@same#pool' })
  expect(record).toMatchObject({ error: { name: 'InvalidInput', step: 'take' } })
  await asBefore(record)
})

test('a volume of that name there is not taken for the copy', async () => {
  await system.invoke('create_volume', {
    volume: { id, size: 1, host: 'h@east#p', ...inTemplate('hdd') },
  })
  const other = there()

  const record = await run(system, 'migrate-volume', toEast)

  expect(record).toMatchObject({ error: { name: 'VolumeExists', step: 'make the target' } })
  expect(there()).toEqual(other)
  expect(here()?.tags).not.toHaveProperty('cl-job')
})

test.each([
  [{ host: 'host-3' }, 'UnknownHost', 'east'],
  [{ host: 'host-2' }, 'HostNotReady', 'agent'],
  [{ to_host: 'h@west#pool' }, 'InvalidInput', 'west'],
  [{ to_host: 'h@default#pool' }, 'InvalidInput', 'already'],
])('%j is refused when it is asked for', async (more, kind, word) => {
  const { submission } = await import('../../../lib/lambda/submission.ts')
  const { SubmitJob, submitJob } = await import('../../../lib/jobs/submit.ts')

  const asked = submitJob(
    submission(),
    SubmitJob.parse({ kind: 'migrate-volume', input: { ...toEast, ...more } }),
  )

  await expect(asked).rejects.toMatchObject({ name: kind, message: expect.stringContaining(word) })
})
