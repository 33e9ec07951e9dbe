import * as z from 'zod'
import type { TemplateStatus } from '../storpool/schema.ts'
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
}

const capabilities = {
  reserved_percentage: 0,
  multiattach: true,
  QoS_support: false,
  thin_provisioning_support: true,
  thick_provisioning_support: false,
}

/**
 * What can still be stored, per template: bytes a client can write, copies already accounted for, as StorPool
 * itself reckons them. The pool `default` has the figures of the configured default template.
 *
 * @see cinder/volume/drivers/storpool.py _update_volume_stats: its keys; its arithmetic is not kept
 */
export async function getVolumeStats(backend: Backend): Promise<VolumeStats> {
  const templates = await volumeTemplatesStatus(backend.storpool)
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
