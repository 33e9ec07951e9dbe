import { expect, test } from 'vitest'
import { createSnapshot } from '../../lib/driver/create-snapshot.ts'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { createVolumeFromSnapshot } from '../../lib/driver/create-volume-from-snapshot.ts'
import { deleteSnapshot } from '../../lib/driver/delete-snapshot.ts'
import { volumesReassignWait } from '../../lib/storpool/attachments.ts'
import { volumeCreate } from '../../lib/storpool/volumes.ts'
import { startCluster } from '../support/cluster.ts'
import { aVolume, copyId, nameOf, snapshotId, snapshotNameOf, volumeId } from '../support/makers.ts'

const snapshot = { id: snapshotId, volume_id: volumeId }
const copy = { id: copyId, size: 1 }

const withSnapshot = async (options: Parameters<typeof startCluster>[0] = {}) => {
  const cluster = await startCluster(options)
  await createVolume(cluster.backend, { volume: aVolume() })
  await createSnapshot(cluster.backend, { snapshot })
  cluster.simulator.reset()
  return cluster
}

test('a snapshot is one call, bears Cinder’s name and answers its global id', async () => {
  await using cluster = await startCluster()
  await createVolume(cluster.backend, { volume: aVolume() })
  cluster.simulator.reset()

  const update = await createSnapshot(cluster.backend, { snapshot })

  const made = cluster.simulator.snapshots.get(snapshotNameOf(snapshotId))
  expect(update).toEqual({ provider_location: made?.globalId })
  expect(cluster.simulator.calls.map(({ call }) => call)).toEqual(['VolumeSnapshot'])
})

test('a snapshot asked for again is the one that is there', async () => {
  await using cluster = await withSnapshot()
  const before = cluster.simulator.state()

  await createSnapshot(cluster.backend, { snapshot })

  expect(cluster.simulator.state()).toEqual(before)
})

test('a snapshot of another volume under the same id is a conflict', async () => {
  await using cluster = await withSnapshot()
  await createVolume(cluster.backend, { volume: copy })

  const other = createSnapshot(cluster.backend, { snapshot: { id: snapshotId, volume_id: copyId } })

  await expect(other).rejects.toMatchObject({ name: 'Conflict' })
})

test('a snapshot of a volume that is not there names the volume', async () => {
  await using cluster = await startCluster()

  await expect(createSnapshot(cluster.backend, { snapshot })).rejects.toMatchObject({
    name: 'VolumeNotFound',
    message: expect.stringContaining(nameOf(volumeId)),
  })
})

test('a volume from a snapshot is one call, at the size and in the template that were asked for', async () => {
  await using cluster = await withSnapshot({ templates: ['nvme', 'hdd'], defaultTemplate: 'hdd' })
  const volume_type = { extra_specs: { storpool_template: 'nvme' } }

  await createVolumeFromSnapshot(cluster.backend, { volume: { ...copy, size: 3, volume_type }, snapshot })

  expect(cluster.simulator.volumes.get(nameOf(copyId))).toMatchObject({
    size: 3 * 1024 ** 3,
    templateName: 'nvme',
    parentName: snapshotNameOf(snapshotId),
  })
  expect(cluster.simulator.calls.map(({ call }) => call)).toEqual(['VolumeCreate'])
})

test('a volume from a snapshot that is asked for again is the one that is there', async () => {
  await using cluster = await withSnapshot()
  const first = await createVolumeFromSnapshot(cluster.backend, { volume: copy, snapshot })

  expect(await createVolumeFromSnapshot(cluster.backend, { volume: copy, snapshot })).toEqual(first)
})

test('an empty volume is never passed off as one made from a snapshot', async () => {
  await using cluster = await withSnapshot()
  await createVolume(cluster.backend, { volume: copy })

  const made = createVolumeFromSnapshot(cluster.backend, { volume: copy, snapshot })

  await expect(made).rejects.toMatchObject({ name: 'VolumeExists' })
})

test('what Cinder made from the snapshot under this id is taken for ours', async () => {
  await using cluster = await withSnapshot()
  const { globalId } = await volumeCreate(cluster.backend.storpool, {
    name: nameOf(copyId),
    size: 1024 ** 3,
    parent: snapshotNameOf(snapshotId),
  })

  const made = await createVolumeFromSnapshot(cluster.backend, { volume: copy, snapshot })

  expect(made).toEqual({ provider_location: globalId })
})

test('a missing source and a missing template are told apart', async () => {
  await using cluster = await withSnapshot({ templates: ['hdd'] })
  const volume_type = { extra_specs: { storpool_template: 'nvme' } }

  const badTemplate = createVolumeFromSnapshot(cluster.backend, {
    volume: { ...copy, volume_type },
    snapshot,
  })
  await expect(badTemplate).rejects.toMatchObject({ name: 'InvalidInput' })

  const badSource = createVolumeFromSnapshot(cluster.backend, { volume: copy, snapshot: { id: 'nowhere' } })
  await expect(badSource).rejects.toMatchObject({ name: 'SnapshotNotFound' })
})

test('a volume smaller than its snapshot is refused before anything is asked of StorPool', async () => {
  await using cluster = await withSnapshot()

  const small = createVolumeFromSnapshot(cluster.backend, {
    volume: copy,
    snapshot: { ...snapshot, volume_size: 2 },
  })

  await expect(small).rejects.toMatchObject({
    name: 'InvalidInput',
    remedy: expect.stringContaining('2 GiB'),
  })
  expect(cluster.simulator.calls).toHaveLength(0)
})

test('a deleted snapshot is gone at once for us, and its volumes keep their data', async () => {
  await using cluster = await withSnapshot()
  await createVolumeFromSnapshot(cluster.backend, { volume: copy, snapshot })

  await deleteSnapshot(cluster.backend, { snapshot })
  await deleteSnapshot(cluster.backend, { snapshot })

  expect(cluster.simulator.snapshots.has(snapshotNameOf(snapshotId))).toBe(false)
  expect(cluster.simulator.volumes.has(nameOf(copyId))).toBe(true)
})

test('an attached snapshot is refused, naming who holds it', async () => {
  await using cluster = await withSnapshot()
  await volumesReassignWait(cluster.backend.storpool, {
    reassign: [{ snapshot: snapshotNameOf(snapshotId), ro: [2] }],
  })

  await expect(deleteSnapshot(cluster.backend, { snapshot })).rejects.toMatchObject({
    name: 'SnapshotIsBusy',
    message: expect.stringContaining('client 2 (host-2) ro'),
  })
})

test('a snapshot that is being deleted is not found, also by its global id', async () => {
  await using cluster = await withSnapshot()
  cluster.simulator.setKnobs({ snapshotDeleteDelayMs: 60_000 })
  const globalId = cluster.simulator.snapshots.get(snapshotNameOf(snapshotId))?.globalId
  await deleteSnapshot(cluster.backend, { snapshot })

  const made = createVolumeFromSnapshot(cluster.backend, {
    volume: copy,
    snapshot: { id: snapshotId, provider_location: globalId ?? null },
  })

  await expect(made).rejects.toMatchObject({ name: 'SnapshotNotFound' })
})
