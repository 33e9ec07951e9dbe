import * as z from 'zod'
import { VolumeStatus } from '../../volumes/record.ts'
import { forAdmins, Id, Link, Pairs, since, Time } from './fields.ts'
import { moreOf } from './page.ts'

/** One that is attached, as a volume's own list of attachments has it. */
const AttachedTo = z
  .strictObject({
    id: Id.describe("The volume's id"),
    attachment_id: Id,
    volume_id: Id,
    server_id: z.string().nullable(),
    host_name: z.string().nullable().describe('Null but for administrators and services'),
    device: z.string().nullable(),
    attached_at: Time.nullable(),
  })
  .meta({ id: 'VolumeAttachedTo' })

const fields = {
  id: Id,
  status: VolumeStatus.exclude(['managing']),
  size: z.int().describe('GiB'),
  availability_zone: z.string(),
  created_at: Time.nullable(),
  updated_at: Time.nullable(),
  name: z.string().nullable(),
  description: z.string().nullable(),
  volume_type: z.string().nullable().describe("The type's name"),
  snapshot_id: Id.nullable(),
  source_volid: Id.nullable(),
  metadata: Pairs,
  links: z.array(Link),
  user_id: z.string(),
  bootable: z.enum(['true', 'false']),
  encrypted: z.boolean(),
  replication_status: z.string().nullable(),
  consistencygroup_id: z.string().nullable(),
  multiattach: z.boolean(),
  attachments: z.array(AttachedTo),
  migration_status: forAdmins(z.string().nullable()),
  group_id: since(13, z.string().nullable()),
  provider_id: forAdmins(z.string().nullable(), 21).describe(
    "From 3.21 on, for administrators: StorPool's global id",
  ),
  shared_targets: since(48, z.boolean().nullable()),
  service_uuid: since(48, z.string().nullable()),
  cluster_name: forAdmins(z.string().nullable(), 61),
  volume_type_id: since(63, Id),
  consumes_quota: since(65, z.boolean()),
}

export const Volume = z.strictObject(fields).meta({ id: 'Volume' })
export type Volume = z.infer<typeof Volume>

export const DetailedVolume = z
  .strictObject({
    ...fields,
    'os-vol-tenant-attr:tenant_id': z.string().describe("The project's id"),
    volume_image_metadata: Pairs.optional().describe('Only of a volume that was made from an image'),
    'os-vol-host-attr:host': forAdmins(z.string()),
    'os-vol-mig-status-attr:migstat': forAdmins(z.string().nullable()),
    'os-vol-mig-status-attr:name_id': forAdmins(Id.nullable()),
  })
  .meta({ id: 'VolumeDetail' })
export type DetailedVolume = z.infer<typeof DetailedVolume>

export const BriefVolume = z
  .strictObject({ id: Id, name: z.string().nullable(), links: z.array(Link) })
  .meta({ id: 'VolumeBrief' })
export type BriefVolume = z.infer<typeof BriefVolume>

export const VolumeSummary = z.strictObject({
  total_count: z.int(),
  total_size: z.int().describe('GiB'),
  metadata: since(36, z.record(z.string(), z.array(z.string()))),
})

/** Calls on volumes, and what each answers. */
export const volumeAnswers = {
  'POST volumes': z.strictObject({ volume: Volume }),
  'GET volumes': z.strictObject({ volumes: z.array(BriefVolume), ...moreOf.volumes }),
  'GET volumes/detail': z.strictObject({ volumes: z.array(DetailedVolume), ...moreOf.volumes }),
  'GET volumes/summary': z.strictObject({ 'volume-summary': VolumeSummary }),
  'GET volumes/{id}': z.strictObject({ volume: DetailedVolume }),
  'PUT volumes/{id}': z.strictObject({ volume: Volume }),
  'DELETE volumes/{id}': undefined,
}
