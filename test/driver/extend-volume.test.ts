import { expect, test } from 'vitest'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { extendVolume } from '../../lib/driver/extend-volume.ts'
import { startCluster } from '../support/cluster.ts'
import { aVolume, nameOf, volumeId } from '../support/makers.ts'

const volume = { id: volumeId }
const withVolume = async (size = 2) => {
  const cluster = await startCluster()
  await createVolume(cluster.backend, { volume: aVolume({ size }) })
  cluster.simulator.reset()
  return cluster
}
const GiB = 1024 ** 3

test('grows to an absolute size in one call, and may be asked again', async () => {
  await using cluster = await withVolume()

  await extendVolume(cluster.backend, { volume, new_size: 5 })
  await extendVolume(cluster.backend, { volume, new_size: 5 })

  expect(cluster.simulator.volumes.get(nameOf(volumeId))?.size).toBe(5 * GiB)
  expect(cluster.simulator.calls.map(({ call, body }) => [call, body])).toEqual([
    ['VolumeUpdate', { size: 5 * GiB }],
    ['VolumeUpdate', { size: 5 * GiB }],
  ])
})

test('never makes a volume smaller, and says how large it is', async () => {
  await using cluster = await withVolume()

  await expect(extendVolume(cluster.backend, { volume, new_size: 1 })).rejects.toMatchObject({
    name: 'InvalidInput',
    message: expect.stringContaining(String(2 * GiB)),
  })
  expect(cluster.simulator.volumes.get(nameOf(volumeId))?.size).toBe(2 * GiB)
})

test('settles a lost answer with one look', async () => {
  await using cluster = await withVolume()
  cluster.simulator.loseAnswer(0)

  await extendVolume(cluster.backend, { volume, new_size: 3 })

  expect(cluster.simulator.volumes.get(nameOf(volumeId))?.size).toBe(3 * GiB)
})

test('of a volume that is not there names it', async () => {
  await using cluster = await startCluster()

  await expect(extendVolume(cluster.backend, { volume, new_size: 3 })).rejects.toMatchObject({
    name: 'VolumeNotFound',
  })
})

test('finds a migrated volume under the id it is named after', async () => {
  await using cluster = await withVolume()

  await extendVolume(cluster.backend, { volume: { id: 'another', _name_id: volumeId }, new_size: 3 })

  expect(cluster.simulator.volumes.get(nameOf(volumeId))?.size).toBe(3 * GiB)
})
