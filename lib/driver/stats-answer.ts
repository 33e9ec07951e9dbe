import * as z from 'zod'
import { says } from '../answers.ts'
import type { getVolumeStats } from './get-volume-stats.ts'

const capacity = z.union([z.number(), z.literal('unknown')]).describe('GiB')

const Pool = z
  .strictObject({
    pool_name: z.string(),
    storpool_template: z.string().optional(),
    disk_group: z
      .string()
      .optional()
      .describe('Templates of one group share disks: their free space is the same'),
    total_capacity_gb: capacity,
    free_capacity_gb: capacity,
    provisioned_capacity_gb: capacity,
    reserved_percentage: z.number(),
    multiattach: z.boolean(),
    QoS_support: z.boolean(),
    thin_provisioning_support: z.boolean(),
    thick_provisioning_support: z.boolean(),
  })
  .meta({ id: 'DriverPool' })

export const VolumeStats = says<typeof getVolumeStats>()(
  z
    .strictObject({
      volume_backend_name: z.string(),
      vendor_name: z.string(),
      driver_version: z.string(),
      storage_protocol: z.string(),
      clone_across_pools: z.boolean(),
      sparse_copy_volume: z.boolean(),
      pools: z.array(Pool).readonly(),
      cinder: z
        .strictObject({ total_capacity_gb: z.number(), free_capacity_gb: z.number() })
        .describe("By the arithmetic of Cinder's own driver: for comparing"),
    })
    .meta({ id: 'VolumeStats' }),
)
