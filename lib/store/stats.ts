import * as z from 'zod'
import type { History } from '../stats/sample.ts'
import { itemsOf } from './query.ts'
import { putItem, type Table } from './table.ts'

/** Seconds a sample is kept: DynamoDB deletes it some time after that. */
const KEPT_SECONDS = 30 * 24 * 3600

const Capacity = z.union([z.number(), z.literal('unknown')])
const Item = z.object({
  backend: z.string(),
  at: z.string(),
  stats: z.looseObject({
    volume_backend_name: z.string(),
    vendor_name: z.string(),
    driver_version: z.string(),
    storage_protocol: z.string(),
    clone_across_pools: z.boolean(),
    sparse_copy_volume: z.boolean(),
    pools: z.array(
      z.looseObject({
        pool_name: z.string(),
        storpool_template: z.string().exactOptional(),
        disk_group: z.string().exactOptional(),
        total_capacity_gb: Capacity,
        free_capacity_gb: Capacity,
        provisioned_capacity_gb: Capacity,
        reserved_percentage: z.number(),
        multiattach: z.boolean(),
        QoS_support: z.boolean(),
        thin_provisioning_support: z.boolean(),
        thick_provisioning_support: z.boolean(),
      }),
    ),
    cinder: z.object({ total_capacity_gb: z.number(), free_capacity_gb: z.number() }),
  }),
})

const group = (backend: string) => `STATS#${backend}`

/** One item per sample; index `gsi3` orders a backend's samples by time. */
export const statsHistory = (table: Table): History => ({
  async keep({ backend, at, stats }) {
    await putItem(table, {
      pk: `${group(backend)}#${at}`,
      gsi3pk: group(backend),
      gsi3sk: at,
      backend,
      at,
      stats,
      ttl: Math.floor(Date.parse(at) / 1000) + KEPT_SECONDS,
    })
  },

  newest: async (backend) =>
    (await itemsOf(table, Item, { index: 'gsi3', group: group(backend), limit: 1 }))[0],

  since: (backend, since) =>
    itemsOf(table, Item, { index: 'gsi3', group: group(backend), beyond: since, oldestFirst: true }),
})
