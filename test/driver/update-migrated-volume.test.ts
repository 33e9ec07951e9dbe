import { expect, test } from 'vitest'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { updateMigratedVolume } from '../../lib/driver/update-migrated-volume.ts'
import { startCluster } from '../support/cluster.ts'
import { aVolume, copyId, nameOf, volumeId } from '../support/makers.ts'

const input = { volume: { id: volumeId }, new_volume: { id: copyId } }

test('with both there no name changes, and the volume is found by the new one’s global id', async () => {
  await using cluster = await startCluster()
  await createVolume(cluster.backend, { volume: aVolume() })
  const { provider_location } = await createVolume(cluster.backend, { volume: { id: copyId, size: 1 } })
  const before = cluster.simulator.state()

  expect(await updateMigratedVolume(cluster.backend, input)).toEqual({ _name_id: copyId, provider_location })
  expect(cluster.simulator.state()).toEqual(before)
})

test('with only the new one there it takes the volume’s name: one rename, repeatable', async () => {
  await using cluster = await startCluster()
  const { provider_location } = await createVolume(cluster.backend, { volume: { id: copyId, size: 1 } })
  cluster.simulator.reset()

  const first = await updateMigratedVolume(cluster.backend, input)
  expect(cluster.simulator.calls.filter(({ call }) => call === 'VolumeUpdate')).toHaveLength(1)

  expect(first).toEqual({ _name_id: null, provider_location })
  expect(await updateMigratedVolume(cluster.backend, input)).toEqual(first)
  expect([...cluster.simulator.volumes.keys()]).toEqual([nameOf(volumeId)])
})

test('with the new one missing the original is not passed off as migrated', async () => {
  await using cluster = await startCluster()
  await createVolume(cluster.backend, { volume: aVolume() })

  await expect(updateMigratedVolume(cluster.backend, input)).rejects.toMatchObject({ name: 'VolumeNotFound' })
})

test('never lists the cluster', async () => {
  await using cluster = await startCluster()
  await createVolume(cluster.backend, { volume: { id: copyId, size: 1 } })
  await updateMigratedVolume(cluster.backend, input)

  expect(cluster.simulator.calls.map(({ call }) => call)).not.toContain('VolumesList')
})
