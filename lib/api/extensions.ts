import { type Route, route } from './route.ts'

/** What of Cinder's extensions is here, by alias. */
const extensions: readonly (readonly [name: string, alias: string, description: string])[] = [
  ['AvailabilityZones', 'os-availability-zone', 'Availability zones'],
  ['Hosts', 'os-hosts', 'What is on which backend'],
  ['QuotaSets', 'os-quota-sets', 'Limits of projects'],
  ['SchedulerStats', 'scheduler-stats', 'Pools'],
  ['Capabilities', 'capabilities', 'What a backend can do'],
  ['Services', 'os-services', 'What stands in for services'],
  ['TypesManage', 'os-types-manage', 'Making and changing types'],
  ['TypesExtraSpecs', 'os-types-extra-specs', 'Extra specs of types'],
  ['VolumeTypeAccess', 'os-volume-type-access', 'Types for some projects only'],
  ['VolumeActions', 'os-volume-actions', 'Actions on volumes'],
  ['AdminActions', 'os-admin-actions', 'Actions for administrators'],
  ['SnapshotActions', 'os-snapshot-actions', 'Actions on snapshots'],
  ['VolumeManage', 'os-volume-manage', 'Taking over volumes that are there'],
  ['VolumeUnmanage', 'os-volume-unmanage', 'Letting go of volumes'],
  ['SnapshotManage', 'os-snapshot-manage', 'Taking over snapshots that are there'],
  ['SnapshotUnmanage', 'os-snapshot-unmanage', 'Letting go of snapshots'],
  ['VolumeImageMetadata', 'os-vol-image-meta', 'Properties of the image a volume was made from'],
  ['VolumeTenantAttribute', 'os-vol-tenant-attr', 'The project of a volume'],
  ['VolumeHostAttribute', 'os-vol-host-attr', 'The backend of a volume'],
  ['ExtendedSnapshotAttributes', 'os-extended-snapshot-attributes', 'The project and progress of a snapshot'],
  ['UsedLimits', 'os-used-limits', 'Limits and what is used of them'],
]

const filters = {
  volume: [
    'name',
    'status',
    'metadata',
    'bootable',
    'migration_status',
    'availability_zone',
    'size',
    'volume_type',
    'snapshot_id',
    'source_volid',
    'created_at',
    'updated_at',
  ],
  snapshot: ['name', 'status', 'volume_id', 'metadata', 'availability_zone', 'created_at', 'updated_at'],
  attachment: ['volume_id', 'status', 'instance_id', 'attach_status'],
  message: ['resource_uuid', 'resource_type', 'event_id', 'request_id', 'message_level'],
  pool: ['name', 'volume_type'],
  volume_type: ['is_public'],
}

/** Lists that clients ask for of things that are not here. */
const none: readonly (readonly [path: string, key: string])[] = [
  ['qos-specs', 'qos_specs'],
  ['os-volume-transfer', 'transfers'],
  ['os-volume-transfer/detail', 'transfers'],
  ['volume-transfers', 'transfers'],
  ['volume-transfers/detail', 'transfers'],
]

export const extensionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: 'extensions',
    summary: "List what of Cinder's extensions is here",
    rule: 'api:discover',
    run: async () => ({
      extensions: extensions.map(([name, alias, description]) => ({
        name,
        alias,
        description,
        updated: '2026-01-01T00:00:00+00:00',
        links: [],
      })),
    }),
  }),
  route({
    method: 'GET',
    path: 'resource_filters',
    summary: 'List what lists can be filtered by',
    rule: 'api:discover',
    since: 33,
    run: async ({ query }) => ({
      resource_filters: Object.entries(filters)
        .filter(([resource]) => query.resource === undefined || query.resource === resource)
        .map(([resource, names]) => ({ resource, filters: names })),
    }),
  }),
  ...none.map(([path, key]) =>
    route({
      method: 'GET',
      path,
      summary: 'There are none here: an empty list, as clients ask',
      rule: 'api:discover',
      run: async () => ({ [key]: [] }),
    }),
  ),
]
