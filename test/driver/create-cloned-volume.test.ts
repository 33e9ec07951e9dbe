import { expect, test } from 'vitest'
import { createClonedVolume } from '../../lib/driver/create-cloned-volume.ts'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { startCluster } from '../support/cluster.ts'
import { aVolume, copyId, nameOf, volumeId } from '../support/makers.ts'

const source = aVolume()
const typed = (template: string) => ({ volume_type: { extra_specs: { storpool_template: template } } })
const src_vref = { id: volumeId }

const withSource = async () => {
  const cluster = await startCluster({ templates: ['nvme', 'hdd'] })
  await createVolume(cluster.backend, { volume: { ...source, ...typed('hdd') } })
  cluster.simulator.reset()
  return cluster
}

test('a clone is one call, and leaves no helper behind', async () => {
  await using cluster = await withSource()

  const update = await createClonedVolume(cluster.backend, { volume: { id: copyId, size: 2 }, src_vref })

  expect(cluster.simulator.calls.map(({ call, body }) => [call, body])).toMatchObject([
    ['VolumeCreate', { baseOn: nameOf(volumeId), size: 2 * 1024 ** 3 }],
  ])
  const made = cluster.simulator.volumes.get(nameOf(copyId))
  expect(made).toMatchObject({ templateName: 'hdd', globalId: update.provider_location })
  expect([...cluster.simulator.snapshots.values()].filter(({ transient }) => !transient)).toEqual([])
})

test('a clone into another template is one call too, and lands there', async () => {
  await using cluster = await withSource()

  await createClonedVolume(cluster.backend, { volume: { id: copyId, size: 1, ...typed('nvme') }, src_vref })

  expect(cluster.simulator.volumes.get(nameOf(copyId))).toMatchObject({ templateName: 'nvme' })
  expect(cluster.simulator.calls).toHaveLength(1)
})

test('a clone asked for again is the one that is there, and its data is that of the first time', async () => {
  await using cluster = await withSource()
  const first = await createClonedVolume(cluster.backend, { volume: { id: copyId, size: 1 }, src_vref })

  expect(await createClonedVolume(cluster.backend, { volume: { id: copyId, size: 1 }, src_vref })).toEqual(
    first,
  )
})

test('a volume of that id that is no clone of the source is left alone', async () => {
  await using cluster = await withSource()
  await createVolume(cluster.backend, { volume: { id: copyId, size: 1 } })

  const clone = createClonedVolume(cluster.backend, { volume: { id: copyId, size: 1 }, src_vref })

  await expect(clone).rejects.toMatchObject({ name: 'VolumeExists' })
})

test('a missing source, a missing template, and a source too large are told apart', async () => {
  await using cluster = await withSource()
  const volume = { id: copyId, size: 1 }

  await expect(createClonedVolume(cluster.backend, { volume, src_vref: { id: 'no' } })).rejects.toMatchObject(
    {
      name: 'VolumeNotFound',
    },
  )
  await expect(
    createClonedVolume(cluster.backend, { volume: { ...volume, ...typed('ssd9') }, src_vref }),
  ).rejects.toMatchObject({ name: 'InvalidInput', message: expect.stringContaining('ssd9') })
  await expect(
    createClonedVolume(cluster.backend, { volume, src_vref: { ...src_vref, size: 2 } }),
  ).rejects.toMatchObject({ name: 'InvalidInput' })
})

test('an encrypted source is not cloned into the clear', async () => {
  await using cluster = await withSource()

  const clone = createClonedVolume(cluster.backend, {
    volume: { id: copyId, size: 1 },
    src_vref: { ...src_vref, encryption_key_id: 'key' },
  })

  await expect(clone).rejects.toMatchObject({ name: 'NotSupported' })
  expect(cluster.simulator.calls).toHaveLength(0)
})
