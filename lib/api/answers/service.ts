import * as z from 'zod'
import { Id, Link, since, Time } from './fields.ts'
import { moreOf } from './page.ts'
import { poolAnswers } from './pools.ts'
import { quotaAnswers } from './quotas.ts'

const UpDown = z.enum(['up', 'down'])

export const Service = z
  .strictObject({
    binary: z.string(),
    host: z.string(),
    zone: z.string(),
    status: z.enum(['enabled', 'disabled']),
    state: UpDown,
    updated_at: Time.nullable(),
    disabled_reason: z.string().nullable(),
    replication_status: z.string().optional().describe('Of a cinder-volume'),
    active_backend_id: z.string().nullish().describe('Of a cinder-volume'),
    frozen: z.boolean().optional().describe('Of a cinder-volume'),
    backend_state: since(49, UpDown, 'of a cinder-volume'),
    cluster: since(7, z.string().nullable()),
  })
  .meta({ id: 'Service' })
export type Service = z.infer<typeof Service>

const said = {
  binary: z.string(),
  service: z.string(),
  host: z.string(),
  disabled: z.boolean(),
  status: z.enum(['enabled', 'disabled']),
}

const Host = z.strictObject({
  service: z.string(),
  host_name: z.string(),
  zone: z.string(),
  'service-status': z.enum(['available', 'unavailable']),
  'service-state': z.enum(['enabled', 'disabled']),
  'last-update': Time.nullable(),
})

const digits = z.string().regex(/^\d+$/)
const Resource = z.strictObject({
  host: z.string(),
  project: z.string().describe('(total) is all of them'),
  volume_count: digits,
  total_volume_gb: digits,
  snapshot_count: digits,
  total_snapshot_gb: digits,
})

export const Message = z
  .strictObject({
    id: Id,
    request_id: z.string(),
    event_id: z.string(),
    resource_type: z.string(),
    resource_uuid: z.string(),
    user_message: z.string(),
    message_level: z.string(),
    created_at: Time.nullable(),
    guaranteed_until: Time.nullable(),
    links: z.array(Link),
  })
  .meta({ id: 'Message' })
export type Message = z.infer<typeof Message>

const nothing = z.array(z.never()).describe('Always empty')

/** The families that are too small for a file of their own. */
export const serviceAnswers = {
  ...quotaAnswers,
  ...poolAnswers,
  'GET os-availability-zone': z.strictObject({
    availabilityZoneInfo: z.array(
      z.strictObject({ zoneName: z.string(), zoneState: z.strictObject({ available: z.boolean() }) }),
    ),
  }),
  'GET os-services': z.strictObject({ services: z.array(Service) }),
  'PUT os-services/enable': z.strictObject(said),
  'PUT os-services/disable': z.strictObject(said),
  'PUT os-services/disable-log-reason': z.strictObject({ ...said, disabled_reason: z.string() }),
  'PUT os-services/freeze': z.never(),
  'PUT os-services/thaw': z.never(),
  'PUT os-services/failover_host': z.never(),
  'PUT os-services/failover': z.never(),
  'GET os-hosts': z.strictObject({ hosts: z.array(Host) }),
  'GET os-hosts/{host}': z.strictObject({ host: z.array(z.strictObject({ resource: Resource })) }),
  'GET messages': z.strictObject({ messages: z.array(Message), ...moreOf.messages }),
  'GET messages/{id}': z.strictObject({ message: Message }),
  'DELETE messages/{id}': undefined,
  'GET extensions': z.strictObject({
    extensions: z.array(
      z.strictObject({
        name: z.string(),
        alias: z.string(),
        description: z.string(),
        updated: z.string(),
        links: z.array(Link),
      }),
    ),
  }),
  'GET resource_filters': z.strictObject({
    resource_filters: z.array(z.strictObject({ resource: z.string(), filters: z.array(z.string()) })),
  }),
  'GET qos-specs': z.strictObject({ qos_specs: nothing }),
  'GET os-volume-transfer': z.strictObject({ transfers: nothing }),
  'GET os-volume-transfer/detail': z.strictObject({ transfers: nothing }),
  'GET volume-transfers': z.strictObject({ transfers: nothing }),
  'GET volume-transfers/detail': z.strictObject({ transfers: nothing }),
}
