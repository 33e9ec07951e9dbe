import { v4 } from 'uuid'
import type { Caller } from '../auth/caller.ts'
import { initializeConnection } from '../driver/initialize-connection.ts'
import type { ConnectionInfo, Connector } from '../driver/model.ts'
import { enter } from './attach.ts'
import { standing, withAttachments } from './attachment-states.ts'
import { amend } from './begin.ts'
import type { BlockStorage } from './block-storage.ts'
import { detach } from './detach.ts'
import { knownVolume } from './driver-model.ts'
import { findVolume } from './find.ts'
import { endOlder } from './older-connections.ts'
import type { AttachmentRecord, VolumeRecord, VolumeStatus } from './record.ts'
import { badRequest, invalidVolume } from './refusal.ts'

/** Nobody has a volume connected that is not there yet, or not for long. */
const unconnectable: readonly VolumeStatus[] = [
  'creating',
  'managing',
  'downloading',
  'deleting',
  'unmanaging',
  'maintenance',
]

/**
 * Connect a volume for a host without an attachment, as clients did before there were any. Asked for again, it answers the
 * same connection.
 *
 * @throws ApiError 400, 404. DriverError: StorPool did not attach.
 */
export async function initializeOlder(
  storage: BlockStorage,
  caller: Caller,
  id: string,
  connector: Connector,
): Promise<ConnectionInfo> {
  const volume = await findVolume(storage, caller, id)
  if (unconnectable.includes(volume.status) || volume.globalId === null) {
    throw invalidVolume(`Volume ${id} cannot be connected while its status is ${volume.status}.`)
  }
  return initializeConnection(await storage.backend(volume.host), {
    volume: knownVolume(volume),
    connector,
    exclusive: false,
    ...(volume.readonly === true && { mode: 'ro' }),
  })
}

/**
 * End what {@link initializeOlder} made for a host, and let go of a volume that was reserved for it.
 *
 * @param connector null: of every host
 */
export async function terminateOlder(
  storage: BlockStorage,
  caller: Caller,
  id: string,
  connector: Connector | null,
  force = false,
): Promise<void> {
  const volume = await findVolume(storage, caller, id)
  await endOlder(storage, volume, (host) => connector === null || host === connector.host, force)
  await unreserve(storage, caller, id)
}

/** A volume that waits to be attached waits no more. Of any other nothing changes. */
export const unreserve = (storage: BlockStorage, caller: Caller, id: string): Promise<VolumeRecord> =>
  amend(storage, caller, id, (now) => {
    const status = standing(now.attachments)
    return now.status !== 'attaching' || status === 'attaching' ? now : { ...now, status }
  })

/** What is said to be attached, to an instance or to a host. */
export interface OlderAttachment {
  readonly instance: string | null
  readonly host: string | null
  readonly mountpoint: string
  readonly mode: 'rw' | 'ro'
}

const attachable: readonly VolumeStatus[] = ['available', 'reserved', 'attaching', 'in-use', 'detaching']

/** @see cinder/volume/manager.py attach_volume */
function refuseAttach(volume: VolumeRecord, { mode }: OlderAttachment): void {
  if (!attachable.includes(volume.status)) {
    throw invalidVolume(
      `Volume ${volume.id} status must be ${attachable.join(' or ')} to attach, but current status is: ${volume.status}.`,
    )
  }
  if (volume.status === 'in-use' && !volume.multiattach) {
    throw invalidVolume('volume is already attached and multiple attachments are not enabled')
  }
  if (volume.readonly === true && mode !== 'ro') {
    throw badRequest(`Invalid attaching mode '${mode}' for volume ${volume.id}.`)
  }
}

const sameTarget = (asked: OlderAttachment) => (one: AttachmentRecord) =>
  one.status !== 'detaching' &&
  one.work === null &&
  (asked.instance === null
    ? one.instance === null && one.host === asked.host
    : one.instance === asked.instance)

/** Say that an instance or a host has a volume. Asked for again for the same one, it is the same attachment. */
export async function attachOlder(
  storage: BlockStorage,
  caller: Caller,
  id: string,
  asked: OlderAttachment,
): Promise<void> {
  const seen = await findVolume(storage, caller, id)
  const there = Object.values(seen.attachments).find(sameTarget(asked))
  if (there !== undefined) {
    await amend(storage, caller, id, (now) => {
      const mine = now.attachments[there.id]
      const is = { status: 'attached' as const, attachedAt: mine?.attachedAt ?? storage.now() }
      if (mine === undefined || now.work !== null) throw invalidVolume(`Volume ${id} is ${now.status}.`)
      return withAttachments(now, { ...now.attachments, [mine.id]: { ...mine, ...is } })
    })
    return
  }
  refuseAttach(seen, asked)
  const attachment: AttachmentRecord = {
    id: v4(),
    createdAt: storage.now(),
    status: 'attached',
    ...asked,
    connector: null,
    connection: null,
    attachedAt: storage.now(),
    work: null,
  }
  await enter(storage, seen, attachment, (now) => {
    refuseAttach(now, asked)
    return undefined
  })
}

/**
 * Say that a volume is detached: its attachment and what is left of the connection end. One that is not attached is free
 * afterwards.
 *
 * @throws ApiError 400: it has several attachments, and none is named.
 * @see cinder/volume/manager.py detach_volume
 */
export async function detachOlder(
  storage: BlockStorage,
  caller: Caller,
  id: string,
  attachmentId: string | null | undefined,
  force = false,
): Promise<void> {
  const volume = await findVolume(storage, caller, id)
  const all = Object.values(volume.attachments)
  if (attachmentId == null && all.length > 1) {
    throw invalidVolume('Detach volume failed: More than one attachment, but no attachment_id provided.')
  }
  const attachment = attachmentId == null ? all[0] : volume.attachments[attachmentId]
  if (attachment !== undefined) {
    await detach(storage, { volume, attachment }, force)
    return
  }
  if (all.length === 0) await endOlder(storage, volume, () => true, force)
  await amend(storage, caller, id, (now) => {
    const status = standing(now.attachments)
    const waits = now.status === 'attaching' || now.status === 'detaching' || now.status === 'in-use'
    return waits && now.status !== status ? { ...now, status } : now
  })
}
