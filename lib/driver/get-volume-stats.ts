import * as z from 'zod'
import { disksList } from '../storpool/disks.ts'
import type { Disk, TemplateStatus } from '../storpool/schema/site.ts'
import { volumeTemplatesStatus } from '../storpool/templates.ts'
import { GiB } from '../units.ts'
import { version } from '../version.ts'
import type { Backend } from './backend.ts'
import { poolOf } from './get-pool.ts'
import { BackendHost } from './model.ts'

export const GetVolumeStats = z.strictObject({ refresh: z.boolean().default(false), host: BackendHost })

/** GiB, or `unknown` where StorPool gives no figure: Cinder's scheduler knows the word. */
type Capacity = number | 'unknown'

export interface Pool {
  readonly pool_name: string
  readonly storpool_template?: string
  /** Templates with the same group name share disks: their free space is the same space, not to be added up. */
  readonly disk_group?: string
  readonly total_capacity_gb: Capacity
  readonly free_capacity_gb: Capacity
  readonly provisioned_capacity_gb: Capacity
  readonly reserved_percentage: number
  readonly multiattach: boolean
  readonly QoS_support: boolean
  readonly thin_provisioning_support: boolean
  readonly thick_provisioning_support: boolean
}

export interface VolumeStats {
  readonly volume_backend_name: string
  readonly vendor_name: string
  readonly driver_version: string
  readonly storage_protocol: string
  readonly clone_across_pools: boolean
  readonly sparse_copy_volume: boolean
  readonly pools: readonly Pool[]
  /**
   * The figures Cinder's own driver gives for every pool, by its arithmetic: all copies on all disks count as total, and
   * free space is divided by the configured copies. For comparing; not for deciding.
   */
  readonly cinder: { readonly total_capacity_gb: number; readonly free_capacity_gb: number }
}

/** Where the last kept sample comes from; a backend without a history has none. */
export interface SampledBackend extends Backend {
  lastStats(): Promise<VolumeStats | undefined>
}

const capabilities = {
  reserved_percentage: 0,
  multiattach: true,
  QoS_support: true,
  thin_provisioning_support: true,
  thick_provisioning_support: false,
}

/**
 * The statistics Cinder's scheduler asks for: the last kept sample, or with `refresh`, or where none is kept, new ones.
 *
 * @see cinder/volume/drivers/storpool.py 1.2.1 get_volume_stats: when it asks anew
 */
export async function getVolumeStats(
  backend: SampledBackend,
  { refresh }: { refresh: boolean },
): Promise<VolumeStats> {
  return (refresh ? undefined : await backend.lastStats()) ?? measureVolumeStats(backend)
}

/**
 * What can still be stored, per template: bytes a client can write, copies already accounted for, as StorPool
 * itself reckons them. The pool `default` has the figures of the configured default template. Two calls.
 *
 * @see cinder/volume/drivers/storpool.py _update_volume_stats: its keys; its arithmetic stands beside ours
 */
export async function measureVolumeStats(backend: Backend): Promise<VolumeStats> {
  const [templates, disks] = await Promise.all([
    volumeTemplatesStatus(backend.storpool),
    disksList(backend.storpool),
  ])
  const groups = diskGroups(templates)
  const pools = templates.map((template) => poolFrom(template, groups.get(template.name)))
  const standard = pools.find((pool) => pool.storpool_template === backend.defaults.template)
  return {
    volume_backend_name: 'storpool',
    vendor_name: 'StorPool',
    driver_version: version,
    storage_protocol: 'storpool',
    clone_across_pools: true,
    sparse_copy_volume: true,
    pools: [{ ...(standard ?? unknown), pool_name: poolOf(undefined) }, ...pools],
    cinder: asCinder(Object.values(disks), backend.defaults.replication),
  }
}

/** Cinder's arithmetic: allocation groups of 512 MiB on disks that are up; 4096 of every 4224 bytes hold data. */
export const asCinder = (disks: readonly Disk[], replication: number): VolumeStats['cinder'] => {
  const groups = (count: (disk: Disk) => number | undefined) =>
    disks
      .filter(({ generationLeft }) => generationLeft === -1)
      .reduce((sum, disk) => sum + (count(disk) ?? 0), 0)
  return {
    total_capacity_gb: groups(({ agCount }) => agCount) / 2,
    free_capacity_gb: ((groups(({ agFree }) => agFree) / 2) * (4096 / 4224)) / replication,
  }
}

const unknown = {
  ...capabilities,
  total_capacity_gb: 'unknown',
  free_capacity_gb: 'unknown',
  provisioned_capacity_gb: 'unknown',
} as const

const poolFrom = (template: TemplateStatus, group: string | undefined): Pool => ({
  pool_name: poolOf(template.name),
  storpool_template: template.name,
  ...(group === undefined ? {} : { disk_group: group }),
  total_capacity_gb: template.stored.capacity / GiB,
  free_capacity_gb: template.stored.free / GiB,
  provisioned_capacity_gb: template.size / GiB,
  ...capabilities,
})

/** Template name → its group: the placement groups that are connected through any template, joined by `+`. */
const diskGroups = (templates: readonly TemplateStatus[]): Map<string, string> => {
  let groups: Set<string>[] = []
  for (const { placeAll, placeTail, placeHead } of templates) {
    const own = new Set([placeAll, placeTail, placeHead].filter((name) => name !== ''))
    const touching = groups.filter((group) => !group.isDisjointFrom(own))
    groups = groups.filter((group) => group.isDisjointFrom(own))
    groups.push(touching.reduce((all, group) => all.union(group), own))
  }
  return new Map(
    templates.flatMap(({ name, placeAll }) => {
      const group = groups.find((candidate) => candidate.has(placeAll))
      return group === undefined ? [] : [[name, [...group].sort().join('+')] as const]
    }),
  )
}
