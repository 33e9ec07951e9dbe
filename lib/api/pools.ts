import type { Pool, VolumeStats } from '../driver/get-volume-stats.ts'
import { poolsFor } from '../volumes/placement.ts'
import { ApiError, badRequest } from '../volumes/refusal.ts'
import { serviceNames } from '../volumes/services.ts'
import { findType } from '../volumes/types.ts'
import { type Route, route } from './route.ts'

const capabilitiesOf = (stats: VolumeStats, pool: Pool) => ({
  volume_backend_name: stats.volume_backend_name,
  vendor_name: stats.vendor_name,
  driver_version: stats.driver_version,
  storage_protocol: stats.storage_protocol,
  total_capacity_gb: pool.total_capacity_gb,
  free_capacity_gb: pool.free_capacity_gb,
  provisioned_capacity_gb: pool.provisioned_capacity_gb,
  allocated_capacity_gb: pool.provisioned_capacity_gb,
  reserved_percentage: pool.reserved_percentage,
  max_over_subscription_ratio: '20.0',
  thin_provisioning_support: pool.thin_provisioning_support,
  thick_provisioning_support: pool.thick_provisioning_support,
  multiattach: pool.multiattach,
  QoS_support: pool.QoS_support,
  pool_name: pool.pool_name,
  backend_state: 'up' as const,
})

const pools = route({
  method: 'GET',
  path: 'scheduler-stats/get_pools',
  summary: 'List the pools that volumes are put in, with detail=true what each can do and hold',
  rule: 'pool:get',
  async run({ storage, caller, query, version }) {
    const wanted =
      version >= 35 && query.volume_type !== undefined
        ? poolsFor(await findType(storage, caller, query.volume_type), storage.settings)
        : () => true
    const found = await Promise.all(
      serviceNames(storage).map(async (service) => {
        const stats = await storage.stats(service)
        return stats.pools.map((pool) => ({
          name: `${service}#${pool.pool_name}`,
          capabilities: capabilitiesOf(stats, pool),
        }))
      }),
    )
    const detailed = /^(1|true|yes)$/i.test(query.detail ?? '')
    return {
      pools: found
        .flat()
        .filter(({ name }) => version < 28 || query.name === undefined || name === query.name)
        .filter(({ name }) => wanted(name))
        .map(({ name, capabilities }) => (detailed ? { name, capabilities } : { name })),
    }
  },
})

const capabilities = route({
  method: 'GET',
  path: 'capabilities/{host}',
  summary: 'What a backend can do',
  rule: 'pool:get',
  async run({ storage, path }) {
    const { host = '' } = path
    const [service = '', pool] = host.split('#')
    if (!serviceNames(storage).includes(service)) {
      throw host.includes('@')
        ? new ApiError(404, `Service ${host} could not be found.`)
        : badRequest(`Invalid input received: host ${host.slice(0, 100)} is not like host@backend.`)
    }
    const stats = await storage.stats(service)
    return {
      namespace: `OS::Storage::Capabilities::${service}`,
      vendor_name: stats.vendor_name,
      volume_backend_name: stats.volume_backend_name,
      pool_name: pool ?? null,
      driver_version: stats.driver_version,
      storage_protocol: stats.storage_protocol,
      display_name: 'Capabilities of Cinderless',
      description: 'Block volumes on StorPool',
      visibility: 'public',
      replication_targets: [],
      properties: {
        thin_provisioning: property(
          'Thin Provisioning',
          'Space is taken by what is written',
          'boolean',
          true,
        ),
        multiattach: property('Multiattach', 'A volume may be attached to several hosts', 'boolean', true),
        'storpool:storpool_template': property(
          'Template',
          "StorPool's template: placement and copies",
          'string',
        ),
        'storpool:iops': property('IOPS', 'Requests per second, at most', 'string'),
        'storpool:bw': property('Bandwidth', 'KB per second, at most', 'string'),
      },
    }
  },
})

const property = (title: string, description: string, type: string, value?: boolean) => ({
  title,
  description,
  type,
  ...(value !== undefined && { default: value }),
})

export const poolRoutes: readonly Route[] = [pools, capabilities]
