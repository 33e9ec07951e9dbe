import { expect, test } from 'vitest'
import { claimIn, claimTag } from '../../lib/driver/claim.ts'
import { claimVolume, releaseVolume } from '../../lib/driver/claim-volume.ts'
import { volumeSummary, volumeUpdate } from '../../lib/storpool/volumes.ts'
import { type Call, send } from '../conformance/operations.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { aVolume, copyId, nameOf, snapshotId, volumeId } from '../support/makers.ts'

const job = '6f1d2e3c-0000-4f0e-8f0b-ff8f3a2d1c01'
const other = '7f1d2e3c-0000-4f0e-9f0b-ff8f3a2d1c02'
const known = { volume: { id: volumeId } }
const soon = () => Date.now() + 600_000
const never = async () => false

/** A cluster with a volume that a job has until then. */
const claimed = async (until: number) => {
  const cluster = await startCluster()
  await send(cluster, ['create_volume', { volume: aVolume({ volume_type: { extra_specs: { qc: 'tin' } } }) }])
  await send(cluster, ['create_snapshot', { snapshot: { id: snapshotId, volume_id: volumeId } }])
  const { backend } = cluster
  await claimVolume(backend, await there(cluster), { job, until }, never)
  cluster.simulator.reset()
  return cluster
}
const there = ({ backend }: Cluster) => volumeSummary(backend.storpool, nameOf(volumeId))

test('a claim is a short tag, and is read back as it was written', () => {
  const until = Math.ceil(Date.now() / 60_000) * 60_000
  const tag = claimTag({ job, until })

  expect(claimIn(tag)).toEqual({ job, until })
  expect(JSON.stringify(tag).length).toBeLessThan(45)
  expect(claimIn({ 'cl-job': job })).toBeUndefined()
})

const changes: readonly Call[] = [
  ['delete_volume', known],
  ['revert_to_snapshot', { ...known, snapshot: { id: snapshotId } }],
  ['retype', { ...known, new_type: { extra_specs: { qc: 'gold' } } }],
  ['unmanage', known],
  ['manage_existing', { volume: { id: volumeId }, existing_ref: { 'source-name': nameOf(volumeId) } }],
  ['update_migrated_volume', { volume: { id: copyId }, new_volume: { id: volumeId } }],
]

test.each(changes)(
  '%s of a volume that a job has is refused, names the job, and changes nothing',
  async (...call) => {
    await using cluster = await claimed(soon())
    const before = cluster.simulator.state()

    const refused = send(cluster, call)

    await expect(refused).rejects.toMatchObject({
      name: 'VolumeIsBusy',
      message: expect.stringContaining(job),
      remedy: expect.stringContaining('cancel'),
    })
    expect(cluster.simulator.state()).toEqual(before)
  },
)

test('a retype that touches no tags is told of the job as well', async () => {
  await using cluster = await claimed(soon())

  const refused = send(cluster, ['retype', { ...known, new_type: { extra_specs: { iops: '9' } } }])

  await expect(refused).rejects.toMatchObject({ name: 'VolumeIsBusy', details: { job } })
})

test.each(changes)('%s is not held up by a claim whose end has passed', async (...call) => {
  await using cluster = await claimed(Date.now() - 120_000)

  await send(cluster, call)
})

test('another job is refused, until the first has given the volume back', async () => {
  await using cluster = await claimed(soon())
  const { backend } = cluster
  const claim = async () => claimVolume(backend, await there(cluster), { job: other, until: soon() }, never)
  await expect(claim()).rejects.toMatchObject({ name: 'VolumeIsBusy', details: { job } })

  await releaseVolume(backend, nameOf(volumeId), job)
  await claim()

  expect(claimIn((await there(cluster)).tags)?.job).toBe(other)
})

test('what a job has left that has ended, another takes over at once', async () => {
  await using cluster = await claimed(soon())
  const { backend } = cluster

  await claimVolume(backend, await there(cluster), { job: other, until: soon() }, async (id) => id === job)
  await releaseVolume(backend, nameOf(volumeId), job)

  expect(claimIn((await there(cluster)).tags)?.job).toBe(other)
})

test('of many jobs that come at once, one has the volume', async () => {
  await using cluster = await startCluster()
  await send(cluster, ['create_volume', { volume: aVolume() }])
  const volume = await there(cluster)
  const jobs = Array.from({ length: 8 }, (_, n) => `6f1d2e3c-0000-4f0e-8f0b-00000000000${n}`)

  const outcomes = await Promise.allSettled(
    jobs.map((id) => claimVolume(cluster.backend, volume, { job: id, until: soon() }, never)),
  )

  const winners = jobs.filter((_, n) => outcomes[n]?.status === 'fulfilled')
  expect(winners).toHaveLength(1)
  expect(claimIn((await there(cluster)).tags)?.job).toBe(winners[0])
})

test.each(['merge', 'replace'] as const)(
  'a claim leaves the other tags as they are (%s)',
  async (tagsMode) => {
    await using cluster = await claimed(soon())
    cluster.simulator.setKnobs({ tagsMode })
    await volumeUpdate(cluster.backend.storpool, nameOf(volumeId), {
      tags: { ...(await there(cluster)).tags, theirs: '1' },
    })

    await releaseVolume(cluster.backend, nameOf(volumeId), job)

    expect((await there(cluster)).tags).toEqual({ 'cl-id': volumeId, qc: 'tin', theirs: '1' })
  },
)

test('a job that copies onto a volume is refused while another has it', async () => {
  await using cluster = await claimed(soon())
  const { attach } = await import('../../lib/driver/attach.ts')
  const volume = await there(cluster)
  const id = `job:${other}`

  const refused = attach(cluster.backend, {
    volume,
    host: { name: 'host-1', clientId: 1 },
    mode: 'rw',
    id,
    others: 'refuse',
  })

  await expect(refused).rejects.toMatchObject({ name: 'VolumeIsBusy', details: { job } })
})

test('a volume that a copy is written onto is refused to a job', async () => {
  await using cluster = await startCluster()
  await send(cluster, ['create_volume', { volume: aVolume() }])
  await send(cluster, [
    'initialize_connection',
    { ...known, connector: { host: 'host-1' }, attachmentId: `job:${other}`, instance: `job:${other}` },
  ])

  const refused = claimVolume(cluster.backend, await there(cluster), { job, until: soon() }, never)

  await expect(refused).rejects.toMatchObject({
    name: 'VolumeIsBusy',
    message: expect.stringContaining(other),
  })
})
