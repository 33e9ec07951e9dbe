import { expect, test } from 'vitest'
import { create, GiB, get, type Json, MiB, must, post, start } from './support.ts'

const migrating = async (cluster: Awaited<ReturnType<typeof start>>, name: string) =>
  (await must(get(cluster, 'MultiCluster/VolumesGetStatusQuick')))[name].migrating

const settled = ({ targetDiskSets, objects }: Json) =>
  objects.filter((on: number[]) => targetDiskSets.some((set: number[]) => String(set) === String(on))).length

test('data goes to a new template at the speed of the knob, and the volume says how far it is', async () => {
  let now = Date.parse('2026-11-22T12:00:00Z')
  await using cluster = await start({ clock: () => now })
  cluster.setKnobs({ relocationBytesPerSecond: 32 * MiB })
  await create(cluster, 'a', { size: GiB, template: 'hdd' })
  expect(await migrating(cluster, 'a')).toBe(false)

  await must(post(cluster, 'VolumeUpdate/a', { template: 'ssd' }))
  now += 8_000

  expect(await migrating(cluster, 'a')).toBe(true)
  expect(settled(await must(get(cluster, 'VolumeDescribe/a')))).toBe(8)
  const { objectsPerDiskSet } = await must(get(cluster, 'VolumeGetInfo/a'))
  expect(objectsPerDiskSet.reduce((sum: number, { count }: Json) => sum + count, 0)).toBe(32)
  now += 24_000
  expect(await migrating(cluster, 'a')).toBe(false)
  expect(settled(await must(get(cluster, 'VolumeDescribe/a')))).toBe(32)
})

test('a clone in another template relocates too, and one in its own does not', async () => {
  await using cluster = await start()
  cluster.setKnobs({ relocationBytesPerSecond: 1 })
  await create(cluster, 'a', { template: 'hdd' })
  await create(cluster, 'there', { baseOn: 'a', template: 'ssd' })
  await create(cluster, 'here', { baseOn: 'a', template: 'hdd' })

  expect(await migrating(cluster, 'there')).toBe(true)
  expect(await migrating(cluster, 'here')).toBe(false)
  cluster.setKnobs({ relocationBytesPerSecond: 0 })
  expect(await migrating(cluster, 'there')).toBe(false)
})

test('what moves to another cluster is there at once, its data after a while', async () => {
  let now = Date.parse('2026-11-22T12:00:00Z')
  await using cluster = await start({ clock: () => now })
  cluster.setKnobs({ remoteCopyBytesPerSecond: 32 * MiB })
  await create(cluster, 'a', { size: GiB, template: 'ssd' })
  await must(post(cluster, 'VolumeMoveToRemote/a', { cluster: 'beta' }))
  now += 4_000

  expect(await must(get(cluster, 'MultiCluster/Volume/a'))).toMatchObject([{ clusterName: 'beta' }])
  expect(await migrating(cluster, 'a')).toBe(true)
  expect(settled(await must(get(cluster, 'MultiCluster/VolumeDescribe/a')))).toBe(4)
  now += 28_000
  expect(await migrating(cluster, 'a')).toBe(false)
})

test('a rebased volume keeps its parent until it has all its data', async () => {
  let now = Date.parse('2026-11-22T12:00:00Z')
  await using cluster = await start({ clock: () => now })
  cluster.setKnobs({ rebaseBytesPerSecond: 32 * MiB })
  await create(cluster, 'a', { size: GiB })
  await create(cluster, 'b', { baseOn: 'a', size: GiB })
  const parent = async () => (await must(get(cluster, 'Volume/b')))[0].parentName

  await must(post(cluster, 'VolumeRebase/b', {}))

  expect(await parent()).not.toBe('')
  now += 32_000
  expect(await parent()).toBe('')
})
