import * as z from 'zod'
import { AttachmentStatus } from '../../volumes/record.ts'
import { Id, Time } from './fields.ts'

const brief = {
  id: Id,
  status: AttachmentStatus,
  instance: z.string().nullable(),
  volume_id: Id,
}

/** How a host reaches a volume: what the driver says, and what Block Storage adds for every driver. */
const reached = {
  client_id: z.int().describe("StorPool's number for the host"),
  volume: z.string().describe("The id that the volume's name on the cluster is made of"),
  access_mode: z.enum(['rw', 'ro']),
  globalId: z.string().describe("StorPool's own id of the volume"),
  attachmentId: z.string(),
  generation: z.int(),
  qos_specs: z.null(),
  encrypted: z.boolean(),
}

/** What keeps a connection keeps it as it came: a record of another time may hold more. */
const Flat = z
  .strictObject({
    ...reached,
    driver_volume_type: z.literal('storpool'),
    attachment_id: Id,
    enforce_multipath: z.boolean(),
  })
  .partial()
  .meta({ id: 'ConnectionInfoFlat', description: 'Empty until there is a connection' })

export const BriefAttachment = z.strictObject(brief).meta({ id: 'AttachmentBrief' })
export type BriefAttachment = z.infer<typeof BriefAttachment>

export const DetailedAttachment = z
  .strictObject({
    ...brief,
    attached_at: z.union([Time, z.literal('')]),
    detached_at: z.union([Time, z.literal('')]),
    attach_mode: z.enum(['rw', 'ro']),
    connection_info: Flat,
  })
  .meta({ id: 'Attachment' })
export type DetailedAttachment = z.infer<typeof DetailedAttachment>

/** The same as the older calls have it. */
export const NestedConnection = z
  .strictObject({
    driver_volume_type: z.literal('storpool'),
    data: z.strictObject(reached),
    enforce_multipath: z.boolean(),
  })
  .meta({ id: 'ConnectionInfo' })
export type NestedConnection = z.infer<typeof NestedConnection>

const One = z.strictObject({ attachment: DetailedAttachment })

/** Lists of attachments have no links to more, as Cinder's have none. */
export const attachmentAnswers = {
  'POST attachments': One,
  'GET attachments': z.strictObject({ attachments: z.array(BriefAttachment) }),
  'GET attachments/detail': z.strictObject({ attachments: z.array(DetailedAttachment) }),
  'GET attachments/{id}': One,
  'PUT attachments/{id}': One,
  'DELETE attachments/{id}': z.strictObject({ attachments: z.array(BriefAttachment) }),
  'POST attachments/{id}/action': undefined,
}
