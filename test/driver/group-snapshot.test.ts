import { expect, test } from 'vitest'
import { createGroupSnapshot } from '../../lib/driver/create-group-snapshot.ts'
import { createSnapshot } from '../../lib/driver/create-snapshot.ts'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { deleteGroupSnapshot } from '../../lib/driver/delete-group-snapshot.ts'
import { volumesReassignWait } from '../../lib/storpool/attachments.ts'
import { startCluster } from '../support/cluster.ts'
import { aVolume, copyId, snapshotNameOf, volumeId } from '../support/makers.ts'

const group_snapshot = { id: 'group' }
const snapshots = [
  { id: 'one', volume_id: volumeId },
  { id: 'two', volume_id: copyId },
]
const withVolumes = async () => {
  const cluster = await startCluster()
  await createVolume(cluster.backend, { volume: aVolume() })
  await createVolume(cluster.backend, { volume: { id: copyId, size: 1 } })
  cluster.simulator.reset()
  return cluster
}

test('one call takes all, and a repeat finds them', async () => {
  await using cluster = await withVolumes()

  const update = await createGroupSnapshot(cluster.backend, { group_snapshot, snapshots })

  expect(cluster.simulator.calls.map(({ call }) => call)).toEqual(['VolumesGroupSnapshot'])
  expect(update).toEqual({
    model_update: { status: 'available' },
    snapshots_model_update: snapshots.map(({ id }) => ({
      id,
      status: 'available',
      provider_location: cluster.simulator.snapshots.get(snapshotNameOf(id))?.globalId,
    })),
  })
  expect(await createGroupSnapshot(cluster.backend, { group_snapshot, snapshots })).toEqual(update)
})

test('a lost answer is settled', async () => {
  await using cluster = await withVolumes()
  cluster.simulator.loseAnswer(0)

  expect(await createGroupSnapshot(cluster.backend, { group_snapshot, snapshots })).toMatchObject({
    model_update: { status: 'available' },
  })
})

test('all or none: a missing volume, or a part that is there already, takes nothing', async () => {
  await using cluster = await withVolumes()
  const missing = [...snapshots, { id: 'three', volume_id: 'gone' }]
  await expect(
    createGroupSnapshot(cluster.backend, { group_snapshot, snapshots: missing }),
  ).rejects.toMatchObject({ name: 'VolumeNotFound' })
  expect(cluster.simulator.snapshots.size).toBe(0)

  await createSnapshot(cluster.backend, { snapshot: { id: 'one', volume_id: volumeId } })
  await expect(createGroupSnapshot(cluster.backend, { group_snapshot, snapshots })).rejects.toMatchObject({
    name: 'Conflict',
  })
  expect(cluster.simulator.snapshots.size).toBe(1)
})

test('deleting reports what is attached, and deletes the rest', async () => {
  await using cluster = await withVolumes()
  await createGroupSnapshot(cluster.backend, { group_snapshot, snapshots })
  const reassign = (item: object) =>
    volumesReassignWait(cluster.backend.storpool, {
      reassign: [{ snapshot: snapshotNameOf('one'), ...item }],
    })
  await reassign({ ro: [1] })

  expect(await deleteGroupSnapshot(cluster.backend, { group_snapshot, snapshots })).toEqual({
    model_update: { status: 'error_deleting' },
    snapshots_model_update: [
      { id: 'one', status: 'error_deleting' },
      { id: 'two', status: 'deleted' },
    ],
  })
  await reassign({ detach: [1] })
  expect(await deleteGroupSnapshot(cluster.backend, { group_snapshot, snapshots })).toMatchObject({
    model_update: { status: 'deleted' },
  })
})
