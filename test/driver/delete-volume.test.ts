import { expect, test } from 'vitest'
import { createSnapshot } from '../../lib/driver/create-snapshot.ts'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { deleteVolume } from '../../lib/driver/delete-volume.ts'
import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { startCluster } from '../support/cluster.ts'
import { aVolume, nameOf, snapshotId, volumeId } from '../support/makers.ts'

const volume = aVolume()

test('deletes by global id, after one look', async () => {
  await using cluster = await startCluster()
  const { provider_location } = await createVolume(cluster.backend, { volume })
  cluster.simulator.reset()

  await deleteVolume(cluster.backend, { volume: { id: volumeId } })

  expect(cluster.simulator.volumes.size).toBe(0)
  expect(cluster.simulator.calls.map(({ call, path }) => [call, path.split('/').at(-1)])).toEqual([
    ['Volume', nameOf(volumeId)],
    ['VolumeDelete', `~${provider_location}`],
  ])
})

test('what is not there is deleted', async () => {
  await using cluster = await startCluster()

  await expect(deleteVolume(cluster.backend, { volume: { id: volumeId } })).resolves.toBeUndefined()
  await expect(
    deleteVolume(cluster.backend, { volume: { id: volumeId, provider_location: 'a.b.zz' } }),
  ).resolves.toBeUndefined()
})

test('refuses an attached volume, names who holds it, and detaches nobody', async () => {
  await using cluster = await startCluster()
  await createVolume(cluster.backend, { volume })
  await initializeConnection(
    cluster.backend,
    InitializeConnection.parse({ volume: { id: volumeId }, connector: { host: 'host-2' } }),
  )

  await expect(deleteVolume(cluster.backend, { volume: { id: volumeId } })).rejects.toMatchObject({
    name: 'VolumeIsBusy',
    message: expect.stringContaining('client 2 (host-2) rw'),
    details: { holders: [{ clientId: 2, mode: 'rw', host: 'host-2' }] },
  })
  expect(cluster.simulator.attachments).toHaveLength(1)
})

test('leaves the snapshots of the volume', async () => {
  await using cluster = await startCluster()
  await createVolume(cluster.backend, { volume })
  await createSnapshot(cluster.backend, { snapshot: { id: snapshotId, volume_id: volumeId } })

  await deleteVolume(cluster.backend, { volume: { id: volumeId } })

  expect(cluster.simulator.snapshots.size).toBe(1)
})

test('a name that changed hands costs nobody data when the global id is known', async () => {
  await using cluster = await startCluster()
  const { provider_location } = await createVolume(cluster.backend, { volume })
  await deleteVolume(cluster.backend, { volume: { id: volumeId } })
  await createVolume(cluster.backend, { volume })

  await deleteVolume(cluster.backend, { volume: { id: volumeId, provider_location } })

  expect(cluster.simulator.volumes.size).toBe(1)
})

test('settles a delete whose answer was lost', async () => {
  await using cluster = await startCluster()
  await createVolume(cluster.backend, { volume })
  cluster.simulator.fault({ match: 'VolumeDelete', kind: 'resetAfterCommit', times: 1 })

  await deleteVolume(cluster.backend, { volume: { id: volumeId } })

  expect(cluster.simulator.volumes.size).toBe(0)
})
