import { expect, test } from 'vitest'
import { createSnapshot } from '../../lib/driver/create-snapshot.ts'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { deleteSnapshot } from '../../lib/driver/delete-snapshot.ts'
import { extendVolume } from '../../lib/driver/extend-volume.ts'
import { revertToSnapshot } from '../../lib/driver/revert-to-snapshot.ts'
import { GiB } from '../../lib/units.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { aVolume, copyId, nameOf, snapshotId, volumeId } from '../support/makers.ts'

const volume = { id: volumeId }
const snapshot = { id: snapshotId, volume_id: volumeId }
const earlier = { id: copyId, volume_id: volumeId }
const revert = ({ backend }: Pick<Cluster, 'backend'>, to = snapshot) =>
  revertToSnapshot(backend, { volume, snapshot: to })

const withSnapshots = async () => {
  const cluster = await startCluster()
  const limited = aVolume({ volume_type: { extra_specs: { iops: '500', bw: '1000' } } })
  const { provider_location } = await createVolume(cluster.backend, { volume: limited })
  await createSnapshot(cluster.backend, { snapshot: earlier })
  await createSnapshot(cluster.backend, { snapshot })
  cluster.simulator.reset()
  return Object.assign(cluster, {
    now: () => cluster.simulator.volumes.get(nameOf(volumeId)),
    page: () => cluster.backend.attachments.read(provider_location),
  })
}

/** The limits are gone, and nobody puts them back. */
const givenUp = async () => {
  const cluster = await withSnapshots()
  cluster.simulator.refuse(2, 'internalError')
  await expect(revert(cluster)).rejects.toThrow('internalError')
  expect(cluster.now()).toMatchObject({ iops: '-', bw: '-' })
  return cluster
}

test('after a revert that was given up, one to another snapshot puts the limits back', async () => {
  await using cluster = await givenUp()

  await revert(cluster, earlier)

  expect(cluster.now()).toMatchObject({ iops: 500, bw: 1000 })
  expect((await cluster.page()).reverting).toBeUndefined()
})

test('a revert that was given up puts the limits back though its snapshot is gone', async () => {
  await using cluster = await givenUp()
  await deleteSnapshot(cluster.backend, { snapshot })

  await expect(revert(cluster)).rejects.toMatchObject({ name: 'SnapshotNotFound' })

  expect(cluster.now()).toMatchObject({ iops: 500, bw: 1000 })
  expect((await cluster.page()).reverting).toBeUndefined()
})

test('a volume that has grown since a revert was given up can be reverted', async () => {
  await using cluster = await givenUp()
  await extendVolume(cluster.backend, { volume, new_size: 2 })

  await revert(cluster)

  expect(cluster.now()).toMatchObject({ size: 2 * GiB, iops: 500, bw: 1000 })
})

test('a volume that grows while it is reverted stays so, and has its limits', async () => {
  await using cluster = await withSnapshots()
  const { backend } = cluster
  const post: typeof backend.storpool.post = async (query, ...rest) => {
    const answer = await backend.storpool.post(query, ...rest)
    if (query === 'VolumeRevert') await extendVolume(backend, { volume, new_size: 2 })
    return answer
  }

  await revert({ backend: { ...backend, storpool: { ...backend.storpool, post } } })

  expect(cluster.now()).toMatchObject({ size: 2 * GiB, iops: 500, bw: 1000 })
  expect((await cluster.page()).reverting).toBeUndefined()
})
