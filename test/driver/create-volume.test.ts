import { expect, test } from 'vitest'
import { CreateVolume, createVolume } from '../../lib/driver/create-volume.ts'
import { startCluster } from '../support/cluster.ts'
import { aVolume, nameOf, volumeId } from '../support/makers.ts'

const input = (change: Record<string, unknown> = {}) => CreateVolume.parse({ volume: aVolume(change) })
const nvme = { volume_type: { extra_specs: { storpool_template: 'nvme' } } }

test('asks StorPool for bytes, and for the template the volume type names', async () => {
  await using cluster = await startCluster({ templates: ['nvme', 'hdd'], defaultTemplate: 'hdd' })

  await createVolume(cluster.backend, input({ size: 10, ...nvme }))

  expect(cluster.simulator.volumes.get(nameOf(volumeId))).toMatchObject({
    size: 10_737_418_240,
    templateName: 'nvme',
  })
})

test('uses the configured template where the type names none', async () => {
  await using cluster = await startCluster({ templates: ['nvme', 'hdd'], defaultTemplate: 'hdd' })

  await createVolume(cluster.backend, input({ volume_type: { extra_specs: { other: 'x' } } }))

  expect(cluster.simulator.volumes.get(nameOf(volumeId))).toMatchObject({ templateName: 'hdd' })
})

test('asks for the configured number of copies where there is no template, and for no template', async () => {
  await using cluster = await startCluster()

  await createVolume(cluster.backend, input())

  expect(cluster.simulator.calls[0]?.body).toMatchObject({ replication: 3 })
  expect(cluster.simulator.calls[0]?.body).not.toHaveProperty('template')
})

test('answers the global id in one call', async () => {
  await using cluster = await startCluster()

  const update = await createVolume(cluster.backend, input())

  const made = cluster.simulator.volumes.get(nameOf(volumeId))
  expect(update).toEqual({ provider_location: made?.globalId })
  expect(cluster.simulator.calls.map(({ call }) => call)).toEqual(['VolumeCreate'])
})

test('is content with its own volume when it is asked again', async () => {
  await using cluster = await startCluster()
  const first = await createVolume(cluster.backend, input({ project_id: 'p1' }))

  const second = await createVolume(cluster.backend, input({ project_id: 'p1' }))

  expect(second).toEqual(first)
})

test('takes a volume that Cinder made under the same id for its own', async () => {
  await using cluster = await startCluster()
  const { storpool } = cluster.backend
  const { volumeCreate } = await import('../../lib/storpool/volumes.ts')
  const { globalId } = await volumeCreate(storpool, {
    name: nameOf(volumeId),
    size: 1024 ** 3,
    replication: 3,
  })

  expect(await createVolume(cluster.backend, input())).toEqual({ provider_location: globalId })
})

test.each([
  ['of another size', { size: 2 }],
  ['in another template', nvme],
])('never passes off a volume %s as its own', async (_, change) => {
  await using cluster = await startCluster({ templates: ['nvme', 'hdd'] })
  await createVolume(cluster.backend, input())
  const before = cluster.simulator.state()

  const other = createVolume(cluster.backend, input(change))

  await expect(other).rejects.toMatchObject({ name: 'VolumeExists' })
  expect(cluster.simulator.state()).toEqual(before)
})

test('names the template that the cluster does not have', async () => {
  await using cluster = await startCluster({ templates: ['hdd'] })

  await expect(createVolume(cluster.backend, input(nvme))).rejects.toMatchObject({
    name: 'InvalidInput',
    message: expect.stringContaining('nvme'),
  })
})

test('finds its volume after an answer that was lost on the way', async () => {
  await using cluster = await startCluster()
  cluster.simulator.loseAnswer(0)

  const update = await createVolume(cluster.backend, input())

  expect(update.provider_location).toBe(cluster.simulator.volumes.get(nameOf(volumeId))?.globalId)
  expect(cluster.simulator.calls.filter(({ call }) => call === 'VolumeCreate')).toHaveLength(1)
})

test('says that the outcome is unknown when even looking fails', async () => {
  await using cluster = await startCluster()
  cluster.simulator.fault({ match: 'VolumeCreate', kind: 'resetAfterCommit', times: 1 })
  cluster.simulator.fault({ match: 'Volume', kind: 'html', times: 6 })

  await expect(createVolume(cluster.backend, input())).rejects.toMatchObject({ mayHaveHappened: true })
})

test('two at once make one volume', async () => {
  await using cluster = await startCluster()

  const both = await Promise.all([
    createVolume(cluster.backend, input()),
    createVolume(cluster.backend, input()),
  ])

  expect(both[0]).toEqual(both[1])
  expect(cluster.simulator.volumes.size).toBe(1)
})
