import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { claimIn, claimTag } from '../../lib/driver/claim.ts'
import { volumeUpdate } from '../../lib/storpool/volumes.ts'
import { startJobs } from '../support/jobs.ts'
import { nameOf } from '../support/makers.ts'
import { atOnce, cancelledAt, ended, inTemplate, queued, run, type System } from './cluster-jobs.ts'

let system: System
beforeAll(async () => {
  system = await startJobs()
})
afterAll(() => system[Symbol.asyncDispose]())

const there = () => system.cluster.simulator.volumes.get(nameOf('v'))
const onHdd = { templateName: 'hdd', iops: 500, bw: '-', tags: { 'cl-id': 'v', qc: 'tin' } }
beforeEach(async () => {
  await system.invoke('create_volume', {
    volume: { id: 'v', size: 1, ...inTemplate('hdd', { iops: '500', qc: 'tin' }) },
  })
})
afterEach(() => {
  system.cluster.simulator.setKnobs(atOnce)
  system.cluster.simulator.reset({ all: true })
})

const toSsd = {
  volume: { id: 'v' },
  new_type: { extra_specs: { storpool_template: 'ssd', iops: '900', qc: 'gold' } },
}

test('template, limits and class of service are the new ones, and the data is in its place', async () => {
  system.cluster.simulator.setKnobs({ relocationBytesPerSecond: 2 * 1024 ** 3 })

  const record = await run(system, 'retype-volume', toSsd)

  expect(record).toMatchObject({
    status: 'succeeded',
    result: { template: 'ssd' },
    doneBytes: 1024 ** 3,
    totalBytes: 1024 ** 3,
  })
  expect(there()).toMatchObject({ templateName: 'ssd', iops: 900, tags: { 'cl-id': 'v', qc: 'gold' } })
  expect(there()?.tags).not.toHaveProperty('cl-job')
})

test('cancelled while the data moves, it has again what it had before', async () => {
  system.cluster.simulator.setKnobs({ relocationBytesPerSecond: 1 })
  const document = await queued(system, 'retype-volume', toSsd)

  const record = await cancelledAt(system, document, 'relocate')

  expect(record).toMatchObject({ status: 'cancelled', result: {} })
  expect(there()).toMatchObject(onHdd)
  expect(there()?.tags).not.toHaveProperty('cl-job')
})

test('a template that is not there fails the job, and the volume keeps its own', async () => {
  const record = await run(system, 'retype-volume', {
    ...toSsd,
    new_type: { extra_specs: { storpool_template: 'none' } },
  })

  expect(record).toMatchObject({ status: 'failed', error: { name: 'InvalidInput', step: 'retype' } })
  expect(there()).toMatchObject(onHdd)
})

test('of two jobs on one volume that begin at once, one has it and the other is told which', async () => {
  system.cluster.simulator.setKnobs({ relocationBytesPerSecond: 1 })
  const jobs = await Promise.all([
    queued(system, 'retype-volume', toSsd),
    queued(system, 'retype-volume', toSsd),
  ])
  const running = jobs.map((job) => ended(system, job))
  const loser = await Promise.race(running)
  system.cluster.simulator.setKnobs(atOnce)
  const records = await Promise.all(running)

  const winner = records.find(({ id }) => id !== loser.id)
  expect(winner).toMatchObject({ status: 'succeeded' })
  expect(loser).toMatchObject({
    status: 'failed',
    error: { name: 'VolumeIsBusy', details: { job: winner?.id } },
  })
  expect(there()?.tags).not.toHaveProperty('cl-job')
})

test('a volume that is deleted while its data moves ends the job plainly', async () => {
  system.cluster.simulator.setKnobs({ relocationBytesPerSecond: 1 })
  const document = await queued(system, 'retype-volume', toSsd)
  const running = ended(system, document)
  while ((await system.records.get(document.id))?.step !== 'relocate') {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const refused = system.invoke('delete_volume', { volume: { id: 'v' } })
  await expect(refused).rejects.toMatchObject({ name: 'VolumeIsBusy' })
  await fetch(`${system.cluster.simulator.url}/ctrl/1.0/VolumeDelete/${nameOf('v')}`, {
    method: 'POST',
    headers: { Authorization: `Storpool v1:${system.cluster.simulator.token}` },
  })

  expect(await running).toMatchObject({
    status: 'failed',
    error: { name: 'VolumeNotFound', step: 'relocate' },
  })
})

/** What its volume's tags say of a job that waits for the data. */
const tagged = async (document: { id: string }, tags: Record<string, string>) => {
  while ((await system.records.get(document.id))?.step !== 'relocate') {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await volumeUpdate(system.cluster.backend.storpool, nameOf('v'), { tags: { ...there()?.tags, ...tags } })
}

test('while it waits a job puts the end of its claim off', async () => {
  system.cluster.simulator.setKnobs({ relocationBytesPerSecond: 1 })
  const document = await queued(system, 'retype-volume', toSsd)
  const running = ended(system, document)
  const until = Date.now() + 600_000
  await tagged(document, claimTag({ job: document.id, until }))

  await vi.waitFor(() => expect(claimIn(there()?.tags)?.until).toBeGreaterThan(until + 600_000), 10_000)

  system.cluster.simulator.setKnobs(atOnce)
  expect(await running).toMatchObject({ status: 'succeeded' })
})

test('a job whose volume another one has by now leaves it alone, and says so', async () => {
  system.cluster.simulator.setKnobs({ relocationBytesPerSecond: 1 })
  const document = await queued(system, 'retype-volume', toSsd)
  const running = ended(system, document)
  const theirs = claimTag({ job: '0c0ffee0-1111-4f0e-8f0b-6b8f3a2d1c01', until: Date.now() + 600_000 })
  await tagged(document, theirs)

  expect(await running).toMatchObject({ status: 'failed', error: { name: 'Conflict', step: 'relocate' } })
  expect(there()).toMatchObject({ templateName: 'ssd', tags: theirs })
})
