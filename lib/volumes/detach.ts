import { v4 } from 'uuid'
import { inDriversWords } from '../drivers-words.ts'
import { noAttachment, refuseWorkedOn } from './attachment-rules.ts'
import { type Found, withAttachment, withoutAttachment } from './attachment-states.ts'
import type { BlockStorage } from './block-storage.ts'
import { change } from './change.ts'
import { endConnection, forget, leave, workedOn } from './connect.ts'
import { endOlder } from './older-connections.ts'
import type { AttachmentRecord, AttachmentWork, VolumeRecord } from './record.ts'

/**
 * End an attachment and its connection. Of two that end it at once exactly one does. Where StorPool does not detach, it is
 * as it was.
 */
export async function detach(
  storage: BlockStorage,
  { volume, attachment: { id } }: Found,
  force = false,
): Promise<AttachmentRecord[]> {
  const work = { id: v4(), action: 'disconnect' as const, since: storage.now() }
  let isReserved = false
  const taken = await change(
    storage.volumes,
    volume.id,
    (now) => {
      const mine = now.attachments[id]
      if (mine === undefined) throw noAttachment(id)
      if (mine.work?.id === work.id) return now
      refuseWorkedOn(mine)
      isReserved = mine.status === 'reserved'
      const next = { ...mine, status: 'detaching' as const, work: { ...work, from: mine.status } }
      const after = isReserved ? withoutAttachment(now, id) : withAttachment(now, next)
      return { ...after, updatedAt: storage.now() }
    },
    volume,
  )
  if (taken === undefined) throw noAttachment(id)
  const attachment = taken.attachments[id]
  if (!isReserved && attachment !== undefined)
    return disconnect(storage, { volume: taken, attachment }, force)
  await forget(storage, id)
  return Object.values(taken.attachments)
}

/** Carry out what the record says: end the connection, then strike the attachment out. @throws DriverError */
export async function disconnect(
  storage: BlockStorage,
  { volume, attachment }: Found,
  force = false,
): Promise<AttachmentRecord[]> {
  const { work } = attachment
  if (work === null) return Object.values(volume.attachments)
  try {
    await endConnection(storage, volume, attachment, force)
    if (attachment.connection === null) await endLeftOver(storage, volume, attachment, force)
  } catch (error) {
    const failure = inDriversWords(error)
    if (failure.name === 'OutcomeUnknown') await leave(storage, volume, attachment, work)
    else
      await putBack(storage, volume, attachment, work).catch(() => leave(storage, volume, attachment, work))
    throw failure
  }
  const left = await change(
    storage.volumes,
    volume.id,
    (now) =>
      workedOn(now, attachment, work) === undefined
        ? now
        : { ...withoutAttachment(now, attachment.id), updatedAt: storage.now() },
    volume,
  )
  await forget(storage, attachment.id)
  return Object.values(left?.attachments ?? {})
}

/** What `os-initialize_connection` made for an attachment, where nobody asked to end it: a host that has others keeps it. */
async function endLeftOver(
  storage: BlockStorage,
  volume: VolumeRecord,
  { id, host }: AttachmentRecord,
  force: boolean,
): Promise<void> {
  const kept = Object.values(volume.attachments).filter((other) => other.id !== id)
  const ends = (one: string) => one === host && kept.every((other) => other.host !== host)
  await endOlder(storage, volume, kept.length === 0 ? () => true : ends, force)
}

const putBack = (
  storage: BlockStorage,
  volume: VolumeRecord,
  attachment: AttachmentRecord,
  work: AttachmentWork,
) =>
  change(
    storage.volumes,
    volume.id,
    (now) => {
      const mine = workedOn(now, attachment, work)
      return mine === undefined
        ? now
        : withAttachment(now, { ...mine, status: work.from ?? 'attached', work: null })
    },
    volume,
  )
