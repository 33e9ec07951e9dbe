import { expect, test } from 'vitest'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { Retype, retype } from '../../lib/driver/retype.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { aVolume, nameOf, volumeId } from '../support/makers.ts'

const withVolume = async (extra_specs: Record<string, string> = { storpool_template: 'hdd' }) => {
  const cluster = await startCluster({ templates: ['nvme', 'hdd'] })
  await createVolume(cluster.backend, { volume: aVolume({ volume_type: { extra_specs } }) })
  cluster.simulator.reset()
  return cluster
}
const to = (cluster: Cluster, extra_specs: Record<string, string>, diff: Record<string, unknown> = {}) =>
  retype(cluster.backend, Retype.parse({ volume: { id: volumeId }, new_type: { extra_specs }, diff }))
const there = (cluster: Cluster) => cluster.simulator.volumes.get(nameOf(volumeId))

test('changes the template in place and reads it back: two calls', async () => {
  await using cluster = await withVolume()

  const done = await to(
    cluster,
    { storpool_template: 'nvme' },
    { extra_specs: { storpool_template: ['hdd', 'nvme'] } },
  )

  expect(done).toEqual({ retyped: true, template: 'nvme', relocating: true })
  expect(there(cluster)?.templateName).toBe('nvme')
  expect(cluster.simulator.calls.map(({ call }) => call)).toEqual(['VolumeUpdate', 'Volume'])
})

test('sets limits, and takes them off when the new type has none', async () => {
  await using cluster = await withVolume()

  await to(cluster, { storpool_template: 'hdd', iops: '500', bw: '1000' })
  expect(there(cluster)).toMatchObject({ iops: 500, bw: 1000 })

  await to(
    cluster,
    { storpool_template: 'hdd' },
    { extra_specs: { iops: ['500', null], bw: ['1000', null] } },
  )
  expect(there(cluster)).toMatchObject({ iops: '-', bw: '-' })
})

test.each(['merge', 'replace'] as const)(
  'changes the class of service and keeps the other tags (%s)',
  async (tagsMode) => {
    await using cluster = await withVolume({ storpool_template: 'hdd', qc: 'gold' })
    cluster.simulator.setKnobs({ tagsMode })
    expect(there(cluster)?.tags).toMatchObject({ qc: 'gold', 'cl-id': volumeId })

    await to(cluster, { storpool_template: 'hdd', qc: 'tin' })
    expect(there(cluster)?.tags).toMatchObject({ qc: 'tin', 'cl-id': volumeId })
    expect(cluster.simulator.calls).toHaveLength(3)

    await to(cluster, { storpool_template: 'hdd' }, { extra_specs: { qc: ['tin', null] } })
    expect(there(cluster)?.tags?.qc ?? '').toBe('')
    expect(there(cluster)?.tags).toMatchObject({ 'cl-id': volumeId })
  },
)

test('another backend is not a retype: the volume has to be migrated', async () => {
  await using cluster = await withVolume()

  const answer = await to(cluster, {}, { extra_specs: { volume_backend_name: ['storpool', 'other'] } })

  expect(answer).toMatchObject({ retyped: false, reason: expect.stringContaining('other') })
  expect(cluster.simulator.calls).toHaveLength(0)
})

test.each([
  ['a change of encryption', { encryption: { cipher: [null, 'aes'] } }],
  ['a change of QoS specs', { qos_specs: { consumer: ['front-end', 'back-end'] } }],
  ['leaving the template for none', { extra_specs: { storpool_template: ['hdd', null] } }],
])('%s is refused plainly, and nothing changes', async (_, diff) => {
  await using cluster = await withVolume()
  const before = cluster.simulator.state()

  await expect(to(cluster, {}, diff)).rejects.toMatchObject({ name: 'NotSupported' })
  expect(cluster.simulator.state()).toEqual(before)
})

test('replication by extra spec is refused plainly', async () => {
  await using cluster = await withVolume()

  await expect(to(cluster, { replication_enabled: '<is> True' })).rejects.toMatchObject({
    name: 'NotSupported',
  })
})

test('a template that is not there, and a volume that is not there, are told apart', async () => {
  await using cluster = await withVolume()

  await expect(to(cluster, { storpool_template: 'none' })).rejects.toMatchObject({ name: 'InvalidInput' })
  const gone = retype(
    cluster.backend,
    Retype.parse({ volume: { id: 'gone' }, new_type: { extra_specs: { storpool_template: 'hdd' } } }),
  )
  await expect(gone).rejects.toMatchObject({ name: 'VolumeNotFound' })
})
