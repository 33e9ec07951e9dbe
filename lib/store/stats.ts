import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb'
import * as z from 'zod'
import type { History, Sample } from '../stats/sample.ts'
import type { Table } from './table.ts'

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
export const statsHistory = (table: Table): History => {
  const query = async (options: {
    backend: string
    since?: string
    newestFirst?: boolean
    limit?: number
  }): Promise<Sample[]> => {
    const { Items = [] } = await table.client.send(
      new QueryCommand({
        TableName: table.name,
        IndexName: 'gsi3',
        KeyConditionExpression:
          options.since === undefined ? 'gsi3pk = :pk' : 'gsi3pk = :pk AND gsi3sk >= :since',
        ExpressionAttributeValues: {
          ':pk': group(options.backend),
          ...(options.since === undefined ? {} : { ':since': options.since }),
        },
        ScanIndexForward: !options.newestFirst,
        ...(options.limit === undefined ? {} : { Limit: options.limit }),
      }),
    )
    return Items.map((item) => Item.parse(item))
  }

  return {
    async keep({ backend, at, stats }) {
      await table.client.send(
        new PutCommand({
          TableName: table.name,
          Item: {
            pk: `${group(backend)}#${at}`,
            gsi3pk: group(backend),
            gsi3sk: at,
            backend,
            at,
            stats,
            ttl: Math.floor(Date.parse(at) / 1000) + KEPT_SECONDS,
          },
        }),
      )
    },
    newest: async (backend) => (await query({ backend, newestFirst: true, limit: 1 }))[0],
    since: (backend, since) => query({ backend, since }),
  }
}
