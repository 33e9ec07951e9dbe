import * as z from 'zod'

const capacity = z.union([z.number(), z.literal('unknown')]).describe('GiB')

const Capabilities = z.strictObject({
  volume_backend_name: z.string(),
  vendor_name: z.string(),
  driver_version: z.string(),
  storage_protocol: z.string(),
  total_capacity_gb: capacity,
  free_capacity_gb: capacity,
  provisioned_capacity_gb: capacity,
  allocated_capacity_gb: capacity,
  reserved_percentage: z.number(),
  max_over_subscription_ratio: z.string(),
  thin_provisioning_support: z.boolean(),
  thick_provisioning_support: z.boolean(),
  multiattach: z.boolean(),
  QoS_support: z.boolean(),
  pool_name: z.string(),
  backend_state: z.enum(['up', 'down']),
})

const Property = z.strictObject({
  title: z.string(),
  description: z.string(),
  type: z.string(),
  default: z.boolean().optional(),
})

export const poolAnswers = {
  'GET scheduler-stats/get_pools': z.strictObject({
    pools: z.array(
      z.strictObject({
        name: z.string().describe('host@backend#pool'),
        capabilities: Capabilities.optional().describe('With detail=true'),
      }),
    ),
  }),
  'GET capabilities/{host}': z.strictObject({
    namespace: z.string(),
    vendor_name: z.string(),
    volume_backend_name: z.string(),
    pool_name: z.string().nullable(),
    driver_version: z.string(),
    storage_protocol: z.string(),
    display_name: z.string(),
    description: z.string(),
    visibility: z.string(),
    replication_targets: z.array(z.never()).describe('Always empty'),
    properties: z.record(z.string(), Property),
  }),
}
