import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { claimTag } from '../../lib/driver/claim.ts'
import { volumeUpdate } from '../../lib/storpool/volumes.ts'
import { startJobs } from '../support/jobs.ts'
import { nameOf } from '../support/makers.ts'
import { atOnce, cancelledAt, ended, inTemplate, queued, run, type System } from './cluster-jobs.ts'

let system: System
beforeAll(async () => {
  system = await startJobs()
})
afterAll(() => system[Symbol.asyncDispose]())

const there = (id: string) => system.cluster.simulator.volumes.get(nameOf(id))
const source = { id: 'source', size: 1, ...inTemplate('hdd') }
beforeEach(async () => {
  await system.invoke('create_volume', { volume: source })
  system.cluster.simulator.reset()
})
afterEach(() => {
  system.cluster.simulator.setKnobs(atOnce)
  system.cluster.simulator.reset({ all: true })
})

const clone = (id: string, change: object = {}) => ({
  volume: { id, size: 1, ...change },
  src_vref: { id: 'source' },
})

test('a clone is there when the job is done, and nobody has it any more', async () => {
  const record = await run(system, 'clone-volume', clone('a', { size: 2 }))

  expect(record).toMatchObject({
    status: 'succeeded',
    result: { provider_location: there('a')?.globalId },
  })
  expect(there('a')).toMatchObject({ size: 2 * 1024 ** 3, templateName: 'hdd' })
  expect(there('a')?.tags).toEqual({ 'cl-id': 'a', 'cl-from': 'source' })
  await system.invoke('delete_volume', { volume: { id: 'a' } })
})

test('a snapshot is cloned as a volume is', async () => {
  await system.invoke('create_snapshot', { snapshot: { id: 's', volume_id: 'source' } })

  const record = await run(system, 'clone-volume', { volume: { id: 'a', size: 1 }, snapshot: { id: 's' } })

  expect(record.status).toBe('succeeded')
  expect(there('a')?.parentName).toBe('os--snap--none--snapshot-s')
})

test('into another template, the job waits until the data is there, and says how far it is', async () => {
  system.cluster.simulator.setKnobs({ relocationBytesPerSecond: 256 * 1024 ** 2 })
  const document = await queued(system, 'clone-volume', {
    ...clone('a', inTemplate('ssd')),
    wait: 'relocation',
  })

  const seen = new Set<number>()
  const running = ended(system, document)
  let busy: unknown
  for (let status = ''; status !== 'succeeded' && status !== 'failed'; await delay(50)) {
    const now = await system.records.get(document.id)
    status = now?.status ?? ''
    if (now?.step !== 'relocate') continue
    seen.add(now.doneBytes)
    if (now.doneBytes > 0) system.cluster.simulator.setKnobs(atOnce)
    busy ??= await system.invoke('delete_volume', { volume: { id: 'a' } }).catch((error: unknown) => error)
  }
  const record = await running

  expect(record).toMatchObject({ status: 'succeeded', doneBytes: 1024 ** 3, totalBytes: 1024 ** 3 })
  expect([...seen].some((bytes) => bytes > 0 && bytes < 1024 ** 3)).toBe(true)
  expect(busy).toMatchObject({ name: 'VolumeIsBusy', message: expect.stringContaining(document.id) })
  expect(there('a')?.templateName).toBe('ssd')
})

test('a clone that is to be independent has no parent in the end', async () => {
  system.cluster.simulator.setKnobs({ rebaseBytesPerSecond: 1024 ** 3 })

  const record = await run(system, 'clone-volume', { ...clone('a'), wait: 'independent' })

  expect(record.status).toBe('succeeded')
  expect(there('a')?.parentName).toBe('')
  expect(there('source')?.parentName).not.toBe('')
})

test('a clone for another cluster ends there, in the template its type names there', async () => {
  system.cluster.simulator.setKnobs({ remoteCopyBytesPerSecond: 1024 ** 3 })

  const record = await run(system, 'clone-volume', {
    ...clone('a', inTemplate('ssd', { iops: '300' })),
    cluster: 'beta',
  })

  expect(record).toMatchObject({ status: 'succeeded', doneBytes: 1024 ** 3, totalBytes: 1024 ** 3 })
  expect(there('a')).toMatchObject({ clusterName: 'beta', templateName: 'ssd', iops: 300 })
  expect(there('a')?.tags).toEqual({ 'cl-id': 'a', 'cl-from': 'source' })
  expect(there('source')?.clusterName).toBe('alpha')
})

test('its source’s own cluster is no other one', async () => {
  const record = await run(system, 'clone-volume', { ...clone('a'), cluster: 'alpha' })

  expect(record.status).toBe('succeeded')
  expect(system.cluster.simulator.calls.map(({ call }) => call)).not.toContain('VolumeMoveToRemote')
})

test.each([
  ['a source that is not there', { src_vref: { id: 'gone' } }, 'VolumeNotFound'],
  ['a cluster that is not there', { cluster: 'gamma' }, 'InvalidInput'],
  ['a template that is not there', { volume: { id: 'a', size: 1, ...inTemplate('none') } }, 'InvalidInput'],
  [
    'a template that the other cluster does not have',
    { cluster: 'beta', volume: { id: 'a', size: 1, ...inTemplate('none') } },
    'InvalidInput',
  ],
])('%s fails the job before anything is made', async (_, change, name) => {
  const record = await run(system, 'clone-volume', { ...clone('a'), ...change })

  expect(record).toMatchObject({ status: 'failed', error: { name } })
  expect(there('a')).toBeUndefined()
  expect(system.cluster.simulator.snapshots.size).toBe(0)
})

test('a source that another job has is refused with the name of that job', async () => {
  const other = '0c0ffee0-1111-4f0e-8f0b-6b8f3a2d1c01'
  const tags = { ...there('source')?.tags, ...claimTag({ job: other, until: Date.now() + 600_000 }) }
  await tagSource(tags)

  const record = await run(system, 'clone-volume', clone('a'))

  expect(record).toMatchObject({ status: 'failed', error: { name: 'VolumeIsBusy', details: { job: other } } })
})

const tagSource = (tags: Record<string, string>) =>
  volumeUpdate(system.cluster.backend.storpool, nameOf('source'), { tags })

test.each([
  ['check', {}],
  ['copy', {}],
  ['relocate', { relocationBytesPerSecond: 1 }],
  ['settle in', {}],
])('cancelled at "%s", nothing of it is left', async (step, knobs) => {
  system.cluster.simulator.setKnobs(knobs)
  const elsewhere = step === 'settle in' ? { cluster: 'beta' } : {}
  const document = await queued(system, 'clone-volume', {
    ...clone('a', inTemplate('ssd')),
    ...elsewhere,
    wait: 'relocation',
  })

  const record = await cancelledAt(system, document, step)

  expect(record).toMatchObject({ status: 'cancelled', error: { name: 'Cancelled' } })
  expect(there('a')).toBeUndefined()
  expect(there('source')).toBeDefined()
})

test('refused on its way to the other cluster, nothing of it is left', async () => {
  system.cluster.simulator.fault({
    match: 'VolumeMoveToRemote',
    kind: 'error',
    name: 'internalError',
    times: 1,
  })

  const record = await run(system, 'clone-volume', { ...clone('a'), cluster: 'beta' })

  expect(record).toMatchObject({ status: 'failed', error: { step: 'move' } })
  expect(there('a')).toBeUndefined()
})

test('a clone that was made under its name before by somebody else stays when the job fails', async () => {
  await system.invoke('create_cloned_volume', { volume: { id: 'a', size: 1 }, src_vref: { id: 'source' } })
  system.cluster.simulator.fault({
    match: 'VolumeMoveToRemote',
    kind: 'error',
    name: 'internalError',
    times: 1,
  })

  const record = await run(system, 'clone-volume', { ...clone('a'), cluster: 'beta' })

  expect(record.status).toBe('failed')
  expect(there('a')).toBeDefined()
})

test('the source may be deleted while its clone moves', async () => {
  system.cluster.simulator.setKnobs({ remoteCopyBytesPerSecond: 1 })
  const document = await queued(system, 'clone-volume', { ...clone('a'), cluster: 'beta' })
  const running = ended(system, document)
  while ((await system.records.get(document.id))?.step !== 'relocate') await delay(10)

  await system.invoke('delete_volume', { volume: { id: 'source' } })
  system.cluster.simulator.setKnobs(atOnce)

  expect((await running).status).toBe('succeeded')
  expect(there('a')?.clusterName).toBe('beta')
})
