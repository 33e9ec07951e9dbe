import { expect, test } from 'vitest'
import { createSnapshot } from '../../lib/driver/create-snapshot.ts'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { GetManageableSnapshots, getManageableSnapshots } from '../../lib/driver/get-manageable-snapshots.ts'
import { GetManageableVolumes, getManageableVolumes } from '../../lib/driver/get-manageable-volumes.ts'
import { ManageExisting, manageExisting } from '../../lib/driver/manage-existing.ts'
import { manageExistingGetSize } from '../../lib/driver/manage-existing-get-size.ts'
import { manageExistingSnapshot } from '../../lib/driver/manage-existing-snapshot.ts'
import { manageExistingSnapshotGetSize } from '../../lib/driver/manage-existing-snapshot-get-size.ts'
import { unmanage } from '../../lib/driver/unmanage.ts'
import { unmanageSnapshot } from '../../lib/driver/unmanage-snapshot.ts'
import { volumeSnapshot } from '../../lib/storpool/snapshots.ts'
import { volumeCreate } from '../../lib/storpool/volumes.ts'
import { startCluster } from '../support/cluster.ts'
import { aVolume, copyId, nameOf, snapshotId, snapshotNameOf, volumeId } from '../support/makers.ts'

const GiB = 1024 ** 3
const volume = { id: volumeId }

/** A cluster with a volume and a snapshot that are nobody's; the volume is half a GiB too large for one. */
const withForeign = async () => {
  const cluster = await startCluster()
  const { storpool } = cluster.backend
  const made = await volumeCreate(storpool, {
    name: 'theirs',
    size: 1.5 * GiB,
    replication: 3,
    tags: { vm: 'x' },
  })
  const taken = await volumeSnapshot(storpool, 'theirs', { name: 'their-point' })
  cluster.simulator.reset()
  return Object.assign(cluster, {
    globalId: made.globalId ?? '',
    snapshotGlobalId: taken.snapshotGlobalId ?? '',
  })
}

test.each(['source-name', 'source-id'] as const)(
  'a volume is managed by %s: renamed, tagged, whole GiB, same data and id',
  async (by) => {
    await using cluster = await withForeign()
    const existing_ref =
      by === 'source-name' ? { 'source-name': 'theirs' } : { 'source-id': cluster.globalId }
    expect(await manageExistingGetSize(cluster.backend, { volume, existing_ref })).toEqual({ size: 2 })

    const update = await manageExisting(cluster.backend, { volume, existing_ref })
    const again = await manageExisting(cluster.backend, { volume, existing_ref })

    expect(update).toEqual({ provider_location: cluster.globalId })
    expect(again).toEqual(update)
    expect(cluster.simulator.volumes.get(nameOf(volumeId))).toMatchObject({
      globalId: cluster.globalId,
      size: 2 * GiB,
      tags: { vm: 'x', 'cl-id': volumeId },
    })
  },
)

test('what is managed already stays its owner’s', async () => {
  await using cluster = await startCluster()
  await createVolume(cluster.backend, { volume: aVolume() })

  const theft = manageExisting(cluster.backend, {
    volume: { id: copyId },
    existing_ref: { 'source-name': nameOf(volumeId) },
  })

  await expect(theft).rejects.toMatchObject({ name: 'Conflict', message: expect.stringContaining(volumeId) })
})

test('a name of ours that is taken, another template, and nothing there are told apart', async () => {
  await using cluster = await withForeign()
  await createVolume(cluster.backend, { volume: aVolume() })
  const existing_ref = { 'source-name': 'theirs' }

  await expect(manageExisting(cluster.backend, { volume, existing_ref })).rejects.toMatchObject({
    name: 'VolumeExists',
  })
  const typed = { id: copyId, volume_type: { extra_specs: { storpool_template: 'ssd' } } }
  await expect(manageExisting(cluster.backend, { volume: typed, existing_ref })).rejects.toMatchObject({
    name: 'InvalidInput',
  })
  await expect(
    manageExisting(cluster.backend, { volume: { id: copyId }, existing_ref: { 'source-name': 'none' } }),
  ).rejects.toMatchObject({ name: 'VolumeNotFound' })
})

test.each(['merge', 'replace'] as const)(
  'unmanaging takes our tags off and leaves the rest (%s)',
  async (tagsMode) => {
    await using cluster = await withForeign()
    cluster.simulator.setKnobs({ tagsMode })
    await manageExisting(cluster.backend, { volume, existing_ref: { 'source-name': 'theirs' } })

    await unmanage(cluster.backend, { volume })
    await unmanage(cluster.backend, { volume })
    await unmanage(cluster.backend, { volume: { id: 'never' } })

    const left = cluster.simulator.volumes.get(nameOf(volumeId))
    expect(left?.tags).toMatchObject({ vm: 'x' })
    expect(left?.tags?.['cl-id'] ?? '').toBe('')
  },
)

test('snapshots are managed and let go alike', async () => {
  await using cluster = await withForeign()
  const existing_ref = { 'source-name': 'their-point' }
  const snapshot = { id: snapshotId, volume_id: volumeId }
  expect(await manageExistingSnapshotGetSize(cluster.backend, { snapshot, existing_ref })).toEqual({
    size: 2,
  })

  const update = await manageExistingSnapshot(cluster.backend, { snapshot, existing_ref })
  expect(await manageExistingSnapshot(cluster.backend, { snapshot, existing_ref })).toEqual(update)
  expect(cluster.simulator.snapshots.get(snapshotNameOf(snapshotId))).toMatchObject({
    globalId: cluster.snapshotGlobalId,
    tags: { 'cl-id': snapshotId },
  })

  await unmanageSnapshot(cluster.backend, { snapshot })
  await unmanageSnapshot(cluster.backend, { snapshot })
  expect(cluster.simulator.snapshots.get(snapshotNameOf(snapshotId))?.tags?.['cl-id'] ?? '').toBe('')
})

test('the list of what can be managed says what is safe, in order and by page', async () => {
  await using cluster = await withForeign()
  await createVolume(cluster.backend, { volume: aVolume() })
  await createSnapshot(cluster.backend, { snapshot: { id: snapshotId, volume_id: volumeId } })

  const { volumes } = await getManageableVolumes(
    cluster.backend,
    GetManageableVolumes.parse({ cinder_volumes: [{ id: volumeId }] }),
  )
  expect(volumes).toMatchObject([
    {
      reference: { 'source-name': nameOf(volumeId) },
      safe_to_manage: false,
      reason_not_safe: 'already managed',
    },
    { reference: { 'source-name': 'theirs', 'source-id': cluster.globalId }, size: 2, safe_to_manage: true },
  ])
  const page = await getManageableVolumes(
    cluster.backend,
    GetManageableVolumes.parse({ sort_keys: ['size'], sort_dirs: ['desc'], limit: 1 }),
  )
  expect(page.volumes.map(({ reference }) => reference['source-name'])).toEqual(['theirs'])
  const { snapshots } = await getManageableSnapshots(cluster.backend, GetManageableSnapshots.parse({}))
  expect(
    snapshots.map(({ reference, safe_to_manage }) => [reference['source-name'], safe_to_manage]),
  ).toEqual([
    [snapshotNameOf(snapshotId), false],
    ['their-point', true],
  ])
})

test.each(['.', '..'])('a volume called %s is asked for by its global id only', (name) => {
  const input = (existing_ref: object) => ManageExisting.safeParse({ volume: { id: volumeId }, existing_ref })

  expect(input({ 'source-name': name }).error?.issues[0]?.message).toContain('source-id')
  expect(input({ 'source-id': 'a.b.1' }).success).toBe(true)
})
