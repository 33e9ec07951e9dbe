import type { AttachmentRecord, VolumeRecord } from '../../volumes/record.ts'
import type { Link } from '../answers/fields.ts'
import type { BriefVolume, DetailedVolume, Volume } from '../answers/volume.ts'
import type { Call } from '../route.ts'
import { timeOf } from './time.ts'

/** Who looks, and at which microversion. */
export type Viewer = Pick<Call, 'caller' | 'version' | 'base'>

/** Names of types by id: a volume's record holds the id alone. */
export type TypeNames = ReadonlyMap<string, string>

const linksOf = ({ base, caller }: Viewer, kind: string, id: string): Link[] => [
  { rel: 'self', href: `${base}/v3/${caller.project}/${kind}/${id}` },
  { rel: 'bookmark', href: `${base}/${caller.project}/${kind}/${id}` },
]

export const volumeLinks = (viewer: Viewer, id: string) => linksOf(viewer, 'volumes', id)

/** What a list without details says. */
export const briefVolume = (viewer: Viewer, { id, name }: VolumeRecord): BriefVolume => ({
  id,
  name,
  links: volumeLinks(viewer, id),
})

const seesHosts = ({ caller }: Viewer) => caller.role === 'admin' || caller.isService

/** One that is attached, as a volume's own list of attachments has it. */
const attachedTo = (viewer: Viewer, volume: VolumeRecord, one: AttachmentRecord) => ({
  id: volume.id,
  attachment_id: one.id,
  volume_id: volume.id,
  server_id: one.instance,
  host_name: seesHosts(viewer) ? one.host : null,
  device: one.mountpoint,
  attached_at: timeOf(one.attachedAt),
})

/** What create and update answer. @see cinder/api/v3/views/volumes.py, cinder/api/v2/views/volumes.py detail */
export const volumeView = (viewer: Viewer, volume: VolumeRecord, types: TypeNames): Volume => {
  const { version, caller } = viewer
  const isAdmin = caller.role === 'admin'
  return {
    id: volume.id,
    status: volume.status === 'managing' ? 'creating' : volume.status,
    size: volume.size,
    availability_zone: volume.zone,
    created_at: timeOf(volume.createdAt),
    updated_at: timeOf(volume.updatedAt),
    name: volume.name,
    description: volume.description,
    volume_type: types.get(volume.typeId) ?? null,
    snapshot_id: volume.snapshotId,
    source_volid: volume.sourceVolid,
    metadata: {
      ...volume.metadata,
      ...(volume.readonly !== null && { readonly: volume.readonly ? 'True' : 'False' }),
    },
    links: volumeLinks(viewer, volume.id),
    user_id: volume.user,
    bootable: volume.bootable ? 'true' : 'false',
    encrypted: false,
    replication_status: null,
    consistencygroup_id: null,
    multiattach: volume.multiattach,
    attachments: Object.values(volume.attachments)
      .filter(({ status }) => status === 'attached')
      .map((one) => attachedTo(viewer, volume, one)),
    ...(isAdmin && { migration_status: volume.migrationStatus }),
    ...(version >= 13 && { group_id: null }),
    ...(version >= 21 && isAdmin && { provider_id: volume.globalId }),
    ...(version >= 48 && { shared_targets: version >= 69 ? null : true, service_uuid: null }),
    ...(version >= 61 && isAdmin && { cluster_name: null }),
    ...(version >= 63 && { volume_type_id: volume.typeId }),
    ...(version >= 65 && { consumes_quota: true }),
  }
}

/** What showing one and a list with details say beside. */
export const detailedVolume = (viewer: Viewer, volume: VolumeRecord, types: TypeNames): DetailedVolume => ({
  ...volumeView(viewer, volume, types),
  'os-vol-tenant-attr:tenant_id': volume.project,
  ...(Object.keys(volume.imageMetadata).length > 0 && { volume_image_metadata: volume.imageMetadata }),
  ...(viewer.caller.role === 'admin' && {
    'os-vol-host-attr:host': volume.host,
    'os-vol-mig-status-attr:migstat': volume.migrationStatus,
    'os-vol-mig-status-attr:name_id': volume.nameId,
  }),
})
