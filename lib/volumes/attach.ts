import { v4 } from 'uuid'
import type { Caller } from '../auth/caller.ts'
import { volumeName } from '../driver/backend.ts'
import { newPage } from '../driver/book.ts'
import type { Look } from '../driver/initialize-connection.ts'
import { knownHost } from '../driver/known-host.ts'
import type { Connector } from '../driver/model.ts'
import { inDriversWords } from '../drivers-words.ts'
import { GiB } from '../units.ts'
import { hasAlready, noAttachment, refuseConnect, refuseReserve, refuseWorkedOn } from './attachment-rules.ts'
import { type Found, standing, withAttachment } from './attachment-states.ts'
import type { BlockStorage } from './block-storage.ts'
import { change } from './change.ts'
import { connect, forget } from './connect.ts'
import { detach } from './detach.ts'
import { findVolume } from './find.ts'
import { findAttachment } from './find-attachment.ts'
import type { AttachmentRecord, AttachmentWork, VolumeRecord } from './record.ts'
import { ApiError, conflict, invalidInput, notFound } from './refusal.ts'

/** An attachment that is asked for. */
export interface NewAttachment {
  readonly volume: string
  readonly instance: string | null
  /** Absent: it is reserved only. */
  readonly connector: Connector | undefined
  readonly mode: 'rw' | 'ro' | undefined
}

const work = (storage: BlockStorage, from: AttachmentWork['from']): AttachmentWork => ({
  id: v4(),
  action: 'connect',
  since: storage.now(),
  from,
})

/** What is for reading only anywhere is attached for reading only. */
const modeOf = (volume: VolumeRecord, ...modes: readonly (string | null | undefined)[]) =>
  volume.readonly === true || modes.includes('ro') ? ('ro' as const) : ('rw' as const)

/** What a connector says of itself, in the attachment's record. */
const from = (connector: Connector) => ({
  connector: { ...connector },
  host: connector.host,
  mountpoint: typeof connector.mountpoint === 'string' ? connector.mountpoint : null,
})

/** Asked before anything is written, as most of what is wrong with a connector is the name of its host. */
const refuseUnknown = async (storage: BlockStorage, volume: VolumeRecord, { host }: Connector) => {
  try {
    await knownHost((await storage.backend(volume.host)).hosts, host)
  } catch (error) {
    const { name, message, remedy = '' } = inDriversWords(error)
    throw name === 'UnknownHost' ? invalidInput(`${message}. ${remedy}`) : error
  }
}

/** What connecting begins with, as the record has it. Where that cannot be had, StorPool and the book are asked. */
const lookAhead = async (storage: BlockStorage, volume: VolumeRecord): Promise<Look | undefined> => {
  const { id, nameId, globalId, isBooked } = volume
  if (globalId === null) return undefined
  try {
    const backend = await storage.backend(volume.host)
    return {
      volume: { name: volumeName(backend, nameId ?? id), globalId, size: volume.size * GiB },
      page: isBooked ? await backend.attachments.read(globalId) : newPage(globalId),
    }
  } catch {
    return undefined
  }
}

/**
 * Make an attachment: reserved, or with a connector connected too. Of two that ask for a volume which only one can have,
 * exactly one gets it.
 *
 * @throws ApiError 400, 404, 409. DriverError: StorPool did not attach; nothing has changed.
 */
export async function createAttachment(
  storage: BlockStorage,
  caller: Caller,
  asked: NewAttachment,
): Promise<Found> {
  const { connector, instance } = asked
  const seen = await findVolume(storage, caller, asked.volume)
  refuseReserve(seen, instance)
  if (connector !== undefined) await refuseUnknown(storage, seen, connector)
  const attachment: AttachmentRecord = {
    id: v4(),
    createdAt: storage.now(),
    status: 'reserved',
    instance,
    mode: modeOf(seen, asked.mode ?? connector?.mode),
    host: null,
    mountpoint: null,
    connector: null,
    connection: null,
    attachedAt: null,
    work: null,
    ...(connector && { ...from(connector), status: 'attaching', work: work(storage, null) }),
  }
  const entering = enter(storage, seen, attachment, (now) => {
    refuseReserve(now, instance)
    if (connector !== undefined) refuseConnect(now, { ...attachment, work: null }, connector.host)
    // One that moves from host to host leaves the volume in use meanwhile.
    return hasAlready(now, instance) ? undefined : connector ? 'attaching' : 'reserved'
  })
  const [volume, look] = await Promise.all([entering, connector && lookAhead(storage, seen)])
  return connect(storage, { volume, attachment }, look)
}

/**
 * Write a new attachment: where it is found first, so that what is cut off leaves a pointer to nothing and not an
 * attachment that nobody finds. What is being connected is found by its volume when it is cut off: there both are
 * written at once.
 *
 * @param admit throws to refuse; gives the volume's state, undefined: what its attachments make of it.
 */
export async function enter(
  storage: BlockStorage,
  seen: VolumeRecord,
  attachment: AttachmentRecord,
  admit: (volume: VolumeRecord) => VolumeRecord['status'] | undefined,
): Promise<VolumeRecord> {
  const { id, createdAt } = attachment
  const { id: volumeId, project } = seen
  const pointer = { id, project, name: null, createdAt, updatedAt: null, version: 0, volumeId }
  const pointing = storage.attachments.create(pointer)
  if (attachment.work === null) await pointing
  const writing = change(
    storage.volumes,
    volumeId,
    (now) => {
      // A write whose answer was lost is found done.
      if (now.attachments[id] !== undefined) return now
      const status = admit(now)
      const attachments = { ...now.attachments, [id]: attachment }
      return {
        ...withAttachment(now, attachment, status ?? standing(attachments)),
        isBooked: true,
        updatedAt: storage.now(),
      }
    },
    seen,
  )
  // Neither is left under way.
  const [pointed, written] = await Promise.allSettled([pointing, writing])
  if (written.status === 'rejected' || written.value === undefined) {
    const reason: unknown = written.status === 'rejected' ? written.reason : notFound('Volume', volumeId)
    if (reason instanceof ApiError) await forget(storage, id)
    throw reason
  }
  if (pointed.status === 'rejected') throw pointed.reason
  return written.value
}

/**
 * Connect an attachment from a host. Asked for again by the same host, it answers the same connection.
 *
 * @throws ApiError 400, 404, 409. DriverError: StorPool did not attach; nothing has changed.
 */
export async function connectAttachment(
  storage: BlockStorage,
  caller: Caller,
  id: string,
  connector: Connector,
): Promise<Found> {
  const found = await findAttachment(storage, caller, id)
  refuseConnect(found.volume, found.attachment, connector.host)
  if (found.attachment.connection !== null) return found
  await refuseUnknown(storage, found.volume, connector)
  const trying = work(storage, found.attachment.status)
  const volume = await change(
    storage.volumes,
    found.volume.id,
    (now) => {
      const mine = now.attachments[id]
      if (mine === undefined) throw noAttachment(id)
      if (mine.work?.id === trying.id) return now
      refuseConnect(now, mine, connector.host)
      if (mine.status !== trying.from) throw conflict(`Attachment ${id} is ${mine.status} by now.`)
      const mode = modeOf(now, mine.mode, connector.mode)
      const next = { ...mine, ...from(connector), mode, status: 'attaching' as const, work: trying }
      return { ...withAttachment(now, next, 'attaching'), updatedAt: storage.now() }
    },
    found.volume,
  )
  const attachment = volume?.attachments[id]
  if (volume === undefined || attachment === undefined) throw noAttachment(id)
  return connect(storage, { volume, attachment })
}

/** The instance has the volume: from now on the attachment counts as attached. Asked for again, it is. */
export async function completeAttachment(storage: BlockStorage, caller: Caller, id: string): Promise<void> {
  const found = await findAttachment(storage, caller, id)
  await change(
    storage.volumes,
    found.volume.id,
    (now) => {
      const mine = now.attachments[id]
      if (mine === undefined) throw noAttachment(id)
      refuseWorkedOn(mine)
      if (mine.status === 'detaching') throw conflict(`Attachment ${id} is being detached.`)
      if (mine.status === 'attached') return now
      const attached = { ...mine, status: 'attached' as const, attachedAt: storage.now() }
      return { ...withAttachment(now, attached), updatedAt: storage.now() }
    },
    found.volume,
  )
}

/** End an attachment. @returns those that the volume has left. @throws ApiError 404, 409. DriverError */
export async function deleteAttachment(
  storage: BlockStorage,
  caller: Caller,
  id: string,
): Promise<AttachmentRecord[]> {
  return detach(storage, await findAttachment(storage, caller, id))
}
