import type { ConnectionInfo } from '../../driver/model.ts'
import type { AttachmentRecord } from '../../volumes/record.ts'
import type { BriefAttachment, DetailedAttachment, NestedConnection } from '../answers/attachment.ts'
import { timeOf } from './time.ts'

/** What a list without details says. */
export const briefAttachment = (
  { id, status, instance }: AttachmentRecord,
  volumeId: string,
): BriefAttachment => ({
  id,
  status,
  instance,
  volume_id: volumeId,
})

/** @see cinder/api/v3/views/attachments.py detail */
export const detailedAttachment = (attachment: AttachmentRecord, volumeId: string): DetailedAttachment => ({
  ...briefAttachment(attachment, volumeId),
  attached_at: timeOf(attachment.attachedAt) ?? '',
  detached_at: '',
  attach_mode: attachment.mode,
  connection_info: flat(attachment),
})

/** What Cinder adds for every driver. */
const added = { qos_specs: null, encrypted: false }

/** How a connection is reached: what the driver says and what kind of connection it is, side by side. */
const flat = ({ id, connection, connector }: AttachmentRecord): DetailedAttachment['connection_info'] =>
  connection === null
    ? {}
    : {
        ...connection,
        ...added,
        driver_volume_type: 'storpool',
        attachment_id: id,
        enforce_multipath: connector?.enforce_multipath === true,
      }

/** The same as the older calls have it: what the driver says is within `data`. */
export const nestedConnection = (
  { driver_volume_type, data }: ConnectionInfo,
  connector: Readonly<Record<string, unknown>>,
): NestedConnection => ({
  driver_volume_type,
  data: { ...data, ...added },
  enforce_multipath: connector.enforce_multipath === true,
})
