import {
  type InitializeConnection,
  initializeConnection,
  type Look,
} from '../driver/initialize-connection.ts'
import { Connector } from '../driver/model.ts'
import { terminateConnection } from '../driver/terminate-connection.ts'
import { inDriversWords } from '../drivers-words.ts'
import { type Found, noted, withAttachment, withoutAttachment } from './attachment-states.ts'
import type { BlockStorage } from './block-storage.ts'
import { change } from './change.ts'
import { knownVolume } from './driver-model.ts'
import type { AttachmentRecord, AttachmentWork, VolumeRecord } from './record.ts'
import { ApiError, conflict } from './refusal.ts'

/** The attachment, if this very work on it is still to be ended. */
export const workedOn = (volume: VolumeRecord, { id }: AttachmentRecord, work: AttachmentWork) => {
  const now = volume.attachments[id]
  return now?.work?.id === work.id ? now : undefined
}

/** What the driver is asked to connect. */
const askedOf = (
  volume: VolumeRecord,
  { id, connector, mode, instance }: AttachmentRecord,
): InitializeConnection => ({
  volume: knownVolume(volume),
  connector: Connector.parse(connector),
  mode,
  exclusive: false,
  attachmentId: id,
  ...(instance !== null && { instance }),
})

/**
 * Have StorPool attach what the record says is being attached, and write down how it is reached.
 *
 * @param look at the volume, by whoever has had one
 * @throws DriverError
 */
export async function connect(
  storage: BlockStorage,
  { volume, attachment }: Found,
  look?: Look,
): Promise<Found> {
  const { work } = attachment
  if (work === null) return { volume, attachment }
  let connected = attachment
  let found: Found | undefined
  try {
    const asked = askedOf(volume, attachment)
    await initializeConnection(await storage.backend(volume.host), asked, {
      look,
      record: async ({ data }) => {
        connected = { ...attachment, connection: { ...data }, work: null }
        found = await writeDown(storage, volume, connected, work)
      },
    })
  } catch (error) {
    const failure = inDriversWords(error)
    try {
      const isTaken = connected.work === null && (await strikeOut(storage, volume, connected, work))
      if (!isTaken && failure.name === 'OutcomeUnknown') await leave(storage, volume, attachment, work)
      else if (!isTaken) await takeBack(storage, volume, attachment)
    } catch {
      await leave(storage, volume, attachment, work)
    }
    throw error instanceof ApiError ? error : failure
  }
  if (found !== undefined) return found
  // Somebody has struck it out of the record meanwhile, such as an administrator who reset the volume's state.
  await endConnection(storage, volume, connected)
  throw conflict(`Attachment ${connected.id} was ended while it was connected.`)
}

/** @returns undefined where the record has another by now, or none. */
async function writeDown(
  storage: BlockStorage,
  volume: VolumeRecord,
  connected: AttachmentRecord,
  work: AttachmentWork,
): Promise<Found | undefined> {
  const written = await change(
    storage.volumes,
    volume.id,
    (now) => {
      if (workedOn(now, connected, work) === undefined) return now
      return { ...noted(now, connected), updatedAt: storage.now() }
    },
    volume,
  )
  const there = written?.attachments[connected.id]
  return written !== undefined && there !== undefined && isConnected(there, connected)
    ? { volume: written, attachment: there }
    : undefined
}

const isConnected = ({ connection, work }: AttachmentRecord, as: AttachmentRecord): boolean =>
  work === null && connection?.generation === as.connection?.generation

/**
 * What was written down is not so after all: the attachment is being connected, as before.
 *
 * @returns true: somebody was answered meanwhile and has gone on from it, so it stays.
 */
async function strikeOut(
  storage: BlockStorage,
  { id }: VolumeRecord,
  connected: AttachmentRecord,
  work: AttachmentWork,
): Promise<boolean> {
  let isTaken = false
  await change(storage.volumes, id, (now) => {
    const mine = now.attachments[connected.id]
    isTaken = false
    if (mine === undefined || !isConnected(mine, connected)) return now
    isTaken = mine.status !== connected.status
    return isTaken ? now : noted(now, { ...mine, connection: null, work })
  })
  return isTaken
}

/** End the connection of one attachment on StorPool. What is not connected is disconnected. @throws DriverError */
export async function endConnection(
  storage: BlockStorage,
  volume: VolumeRecord,
  { id, connection }: AttachmentRecord,
  force = false,
): Promise<void> {
  await terminateConnection(await storage.backend(volume.host), {
    volume: knownVolume(volume),
    attachmentId: id,
    ...(connection && { generation: connection.generation }),
    force,
  })
}

/** A connection that was not made: what there may be of it is ended, and the attachment is what it was before. */
export async function takeBack(
  storage: BlockStorage,
  volume: VolumeRecord,
  attachment: AttachmentRecord,
): Promise<void> {
  const { work } = attachment
  if (work === null) return
  await endConnection(storage, volume, attachment)
  const { from } = work
  await change(
    storage.volumes,
    volume.id,
    (now) => {
      const mine = workedOn(now, attachment, work)
      if (mine === undefined) return now
      const back = { connector: null, connection: null, host: null, work: null }
      const after =
        from === null
          ? withoutAttachment(now, mine.id)
          : withAttachment(now, { ...mine, ...back, status: from })
      return { ...after, updatedAt: storage.now() }
    },
    volume,
  )
  if (from === null) await forget(storage, attachment.id)
}

const LONG_AGO = new Date(0).toISOString()

/** Nobody knows how it ended, and nobody is at work on it any more: whoever looks next sees to it. */
export async function leave(
  storage: BlockStorage,
  { id }: VolumeRecord,
  attachment: AttachmentRecord,
  work: AttachmentWork,
): Promise<void> {
  await change(storage.volumes, id, (now) => {
    const mine = workedOn(now, attachment, work)
    return mine === undefined ? now : noted(now, { ...mine, work: { ...work, since: LONG_AGO } })
  }).catch(() => 'it is found cut off a little later')
}

/** An attachment that is no more is found no more. */
export async function forget(storage: BlockStorage, id: string): Promise<void> {
  const pointer = await storage.attachments.get(id)
  if (pointer !== undefined) await storage.attachments.remove(pointer)
}
