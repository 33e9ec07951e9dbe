import type { DiskRecord, TemplateRecord } from './records.ts'
import { keyOf, type World } from './world.ts'

const disk = (cluster: string, id: number): DiskRecord => ({
  id,
  cluster,
  server: ((id - 1) % 3) + 1,
  ssd: id <= 3,
  up: id !== 6,
  description: '',
  softEject: 'off',
})

const template = (cluster: string, id: number, name: string, fast: string, slow: string): TemplateRecord => ({
  id,
  cluster,
  name,
  parent: '',
  size: '-',
  placeAll: slow,
  placeTail: fast,
  placeHead: slow,
  replication: 3,
  bw: '-',
  iops: '-',
})

/** Where volumes go whose creator names neither template nor placement. */
export const clusterDefaults = {
  placeAll: 'hdd',
  placeTail: 'ssd',
  placeHead: 'hdd',
  replication: 3,
  bw: '-',
  iops: '-',
} as const

/**
 * What a new data folder holds, in every cluster: disks 1 to 3 (fast) and 4 to 6 (slow), one of each on each of
 * three servers, disk 6 down; a placement group of either kind; and the templates.
 *
 * @param names templates to make instead of `hybrid`, `ssd` and `hdd`; others than these are like `ssd`
 */
export const furnish = (world: World, names: readonly string[] = ['hybrid', 'ssd', 'hdd']) => {
  for (const { id: cluster } of world.clusters) {
    if (world.disks.has(keyOf(cluster, 1))) continue
    world.change(cluster, () => {
      for (let id = 1; id <= 6; id++) world.disks.put(keyOf(cluster, id), disk(cluster, id))
      world.groups.put(keyOf(cluster, 'ssd'), { id: 1, cluster, name: 'ssd', disks: [1, 2, 3] })
      world.groups.put(keyOf(cluster, 'hdd'), { id: 2, cluster, name: 'hdd', disks: [4, 5, 6] })
      names.forEach((name, i) => {
        const fast = name === 'hdd' ? 'hdd' : 'ssd'
        const slow = name === 'hdd' || name === 'hybrid' ? 'hdd' : 'ssd'
        world.templates.put(keyOf(cluster, i + 1), template(cluster, i + 1, name, fast, slow))
      })
    })
  }
}
