import type { VolumeRecord } from '../volumes/record.ts'
import { hasPairs, same, text } from './filters.ts'
import type { Listing } from './lists.ts'
import type { TypeNames } from './views/volume.ts'

/** What volumes are sorted and filtered by. */
export const listingWith = (types: TypeNames): Listing<VolumeRecord> => ({
  name: 'volumes',
  links: 'volumes_links',
  what: 'Volume',
  sortKeys: {
    id: (one) => one.id,
    status: (one) => one.status,
    size: (one) => one.size,
    availability_zone: (one) => one.zone,
    name: (one) => one.name,
    bootable: (one) => one.bootable,
    created_at: (one) => one.createdAt,
    updated_at: (one) => one.updatedAt,
    host: (one) => one.host,
  },
  filters: {
    id: (one, value) => one.id === value,
    name: (one, value) => one.name === value,
    status: (one, value) => one.status === value,
    metadata: (one, value) => hasPairs(one.metadata, value),
    glance_metadata: (one, value) => hasPairs(one.imageMetadata, value),
    bootable: (one, value) => same(text(one.bootable), value),
    migration_status: (one, value) => one.migrationStatus === value,
    availability_zone: (one, value) => one.zone === value,
    size: (one, value) => text(one.size) === value,
    volume_type: (one, value) => one.typeId === value || types.get(one.typeId) === value,
    snapshot_id: (one, value) => one.snapshotId === value,
    source_volid: (one, value) => one.sourceVolid === value,
    host: (one, value) => one.host === value,
    user_id: (one, value) => one.user === value,
    multiattach: (one, value) => same(text(one.multiattach), value),
    group_id: () => false,
    consistencygroup_id: () => false,
    replication_status: () => false,
    project_id: (one, value) => one.project === value,
  },
})
