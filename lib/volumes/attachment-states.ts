import type { AttachmentRecord, AttachmentStatus, VolumeRecord, VolumeStatus } from './record.ts'

/** An attachment with the volume it is of, as both stand. */
export interface Found {
  readonly volume: VolumeRecord
  readonly attachment: AttachmentRecord
}

/** What a volume is by its attachments, the one that counts most first. */
const states: readonly (readonly [AttachmentStatus, VolumeStatus])[] = [
  ['attached', 'in-use'],
  ['attaching', 'attaching'],
  ['detaching', 'detaching'],
  ['reserved', 'reserved'],
]

/** States of a volume that say only what its attachments are. */
export const byAttachments: readonly VolumeStatus[] = ['available', ...states.map(([, status]) => status)]

type Attachments = VolumeRecord['attachments']

/** The state that attachments leave their volume in. @see cinder/volume/api.py attachment_delete */
export const standing = (attachments: Attachments): VolumeStatus => {
  const there = Object.values(attachments).map(({ status }) => status)
  return states.find(([status]) => there.includes(status))?.[1] ?? 'available'
}

/**
 * A volume with these attachments, in the state they leave it in unless another is said. While somebody works on the
 * volume, that is the state it goes back to.
 */
export const withAttachments = (
  volume: VolumeRecord,
  attachments: Attachments,
  status: VolumeStatus = standing(attachments),
): VolumeRecord => {
  const { work } = volume
  if (work === null) return { ...volume, attachments, status }
  const goesBack = byAttachments.some((state) => state === work.from)
  return { ...volume, attachments, ...(goesBack && { work: { ...work, from: status } }) }
}

/** Something about an attachment that does not count for the volume's state. */
export const noted = (volume: VolumeRecord, attachment: AttachmentRecord): VolumeRecord => ({
  ...volume,
  attachments: { ...volume.attachments, [attachment.id]: attachment },
})

export const withAttachment = (
  volume: VolumeRecord,
  attachment: AttachmentRecord,
  status?: VolumeStatus,
): VolumeRecord => withAttachments(volume, { ...volume.attachments, [attachment.id]: attachment }, status)

export const withoutAttachment = (volume: VolumeRecord, id: string): VolumeRecord =>
  withAttachments(
    volume,
    Object.fromEntries(Object.entries(volume.attachments).filter(([there]) => there !== id)),
  )

/** The state after some work on a volume: what was attached or detached meanwhile counts. */
export const afterWork = (status: VolumeStatus, attachments: Attachments): VolumeStatus =>
  byAttachments.includes(status) && Object.keys(attachments).length > 0 ? standing(attachments) : status
