import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createSnapshot } from '../../lib/driver/create-snapshot.ts'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { extendVolume } from '../../lib/driver/extend-volume.ts'
import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { revertToSnapshot } from '../../lib/driver/revert-to-snapshot.ts'
import { TerminateConnection, terminateConnection } from '../../lib/driver/terminate-connection.ts'
import { volumesReassignWait } from '../../lib/storpool/attachments.ts'
import { type Cluster, type ClusterOptions, startCluster } from '../support/cluster.ts'
import { aVolume, nameOf, snapshotId, snapshotNameOf, volumeId } from '../support/makers.ts'

const volume = { id: volumeId }
const snapshot = { id: snapshotId, volume_id: volumeId }
const limited = aVolume({ volume_type: { extra_specs: { iops: '500', bw: '1000' } } })

const withSnapshot = async (options: ClusterOptions = {}) => {
  const cluster = await startCluster(options)
  const { provider_location } = await createVolume(cluster.backend, { volume: limited })
  await withDevice(cluster, provider_location, (device) => writeFile(device, 'before', { flag: 'r+' }))
  await createSnapshot(cluster.backend, { snapshot })
  await withDevice(cluster, provider_location, (device) => writeFile(device, 'after!', { flag: 'r+' }))
  cluster.simulator.reset()
  return Object.assign(cluster, { globalId: provider_location })
}

const withDevice = async <T>(cluster: Cluster, globalId: string, use: (device: string) => Promise<T>) => {
  const connector = { host: 'host-1' }
  await initializeConnection(cluster.backend, InitializeConnection.parse({ volume, connector }))
  const result = await use(join(cluster.simulator.devicesOf(1), 'storpool-byid', globalId))
  await terminateConnection(cluster.backend, TerminateConnection.parse({ volume, connector }))
  return result
}
const beginning = async (cluster: Cluster & { globalId: string }) =>
  withDevice(cluster, cluster.globalId, async (device) => {
    await using file = await open(device)
    return (await file.read(Buffer.alloc(6), 0, 6, 0)).buffer.toString()
  })

test('the data is the snapshot’s again; size, limits, name and global id stay: four calls', async () => {
  await using cluster = await withSnapshot()
  await extendVolume(cluster.backend, { volume, new_size: 2 })
  cluster.simulator.reset()

  await revertToSnapshot(cluster.backend, { volume, snapshot })

  expect(cluster.simulator.calls.map(({ call }) => call)).toEqual([
    'Volume',
    'VolumeRevert',
    'VolumeUpdate',
    'Volume',
  ])
  expect(cluster.simulator.volumes.get(nameOf(volumeId))).toMatchObject({
    size: 2 * 1024 ** 3,
    iops: 500,
    bw: 1000,
    globalId: cluster.globalId,
    parentName: snapshotNameOf(snapshotId),
  })
  expect(await beginning(cluster)).toBe('before')
})

test('cut off after the revert, run again, it still puts the limits back', async () => {
  await using cluster = await withSnapshot()
  cluster.simulator.refuse(2, 'invalidParam')
  await expect(revertToSnapshot(cluster.backend, { volume, snapshot })).rejects.toThrow()
  expect(cluster.simulator.volumes.get(nameOf(volumeId))).not.toMatchObject({ iops: 500 })

  await revertToSnapshot(cluster.backend, { volume, snapshot })

  expect(cluster.simulator.volumes.get(nameOf(volumeId))).toMatchObject({ iops: 500, bw: 1000 })
})

test('an attached volume is refused, by the book, and by StorPool for what the book does not know', async () => {
  await using cluster = await withSnapshot()
  const before = cluster.simulator.state()
  await volumesReassignWait(cluster.backend.storpool, { reassign: [{ volume: nameOf(volumeId), rw: [2] }] })
  await expect(revertToSnapshot(cluster.backend, { volume, snapshot })).rejects.toMatchObject({
    name: 'VolumeIsBusy',
    message: expect.stringContaining('client 2'),
  })
  await volumesReassignWait(cluster.backend.storpool, {
    reassign: [{ volume: nameOf(volumeId), detach: 'all' }],
  })
  expect(cluster.simulator.state()).toEqual(before)

  await initializeConnection(
    cluster.backend,
    InitializeConnection.parse({ volume, connector: { host: 'host-1' } }),
  )
  await expect(revertToSnapshot(cluster.backend, { volume, snapshot })).rejects.toMatchObject({
    name: 'VolumeIsBusy',
    message: expect.stringContaining('host-1'),
  })
})

test('on a cluster that would revert an attached volume, we ask first', async () => {
  await using cluster = await withSnapshot({ refusesAttachedRevert: false })
  cluster.simulator.setKnobs({ revertAttached: 'ok' })
  await revertToSnapshot(cluster.backend, { volume, snapshot })
  expect(cluster.simulator.calls).toHaveLength(5)

  await volumesReassignWait(cluster.backend.storpool, { reassign: [{ volume: nameOf(volumeId), rw: [2] }] })
  await expect(revertToSnapshot(cluster.backend, { volume, snapshot })).rejects.toMatchObject({
    name: 'VolumeIsBusy',
  })
})

test('a snapshot that is not there leaves everything as it was', async () => {
  await using cluster = await withSnapshot()

  const wrong = revertToSnapshot(cluster.backend, { volume, snapshot: { id: 'none' } })

  await expect(wrong).rejects.toMatchObject({ name: 'SnapshotNotFound' })
  expect(await beginning(cluster)).toBe('after!')
  expect((await cluster.backend.attachments.read(cluster.globalId)).reverting).toBeUndefined()
})
