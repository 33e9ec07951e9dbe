import type { AttachmentRecord, VolumeRecord } from './record.ts'
import { type ApiError, conflict, invalidVolume, notFound } from './refusal.ts'

export const noAttachment = (id: string): ApiError => notFound('Volume attachment', id)

const either = (words: readonly string[]): string => `'${words.join("' or '")}'`

/** @throws ApiError 400: nothing is attached to a volume that something is wrong with. */
export function refuseFaulty({ id, status }: VolumeRecord, doing: 'created' | 'updated'): void {
  if (!status.includes('error')) return
  throw invalidVolume(
    `Volume attachments can not be ${doing} if the volume is in an error state. The Volume ${id} currently has a status of: ${status}.`,
  )
}

/**
 * Whether an instance may have one more attachment of a volume. One that has the volume may, whoever else could not: it
 * is moved from host to host with two.
 *
 * @throws ApiError 400
 * @see cinder/volume/api.py _attachment_reserve
 */
export function refuseReserve(volume: VolumeRecord, instance: string | null): void {
  refuseFaulty(volume, 'created')
  if (hasAlready(volume, instance) && volume.status !== 'maintenance') return
  const free = volume.multiattach ? ['available', 'in-use', 'downloading'] : ['available', 'downloading']
  if (free.includes(volume.status)) return
  throw invalidVolume(
    `Volume ${volume.id} status must be ${either(free)} to reserve, but the current status is ${volume.status}.`,
  )
}

export const hasAlready = ({ attachments }: VolumeRecord, instance: string | null): boolean =>
  instance !== null && Object.values(attachments).some((one) => one.instance === instance)

/** @throws ApiError 409: another call is at work on it. */
export function refuseWorkedOn({ id, work }: AttachmentRecord): void {
  if (work === null) return
  throw conflict(
    `Attachment ${id} is being ${work.action === 'connect' ? 'connected' : 'disconnected'} by another request. Repeat this one when that has ended.`,
  )
}

/**
 * Whether an attachment may be connected from a host. A volume that is not for several instances is connected from a
 * second host only for the instance that has it on the first.
 *
 * @throws ApiError 400: an error state. 409: it is connected elsewhere, or somebody else is.
 * @see cinder/volume/api.py attachment_update
 */
export function refuseConnect(volume: VolumeRecord, mine: AttachmentRecord, host: string): void {
  refuseFaulty(volume, 'updated')
  refuseWorkedOn(mine)
  if (mine.connection !== null && mine.host !== host) {
    throw conflict(`Attachment ${mine.id} is connected from host ${mine.host}, not ${host}.`)
  }
  if (mine.status === 'detaching') throw conflict(`Attachment ${mine.id} is being detached.`)
  if (volume.multiattach) return
  const others = Object.values(volume.attachments).filter(
    (one) => one.id !== mine.id && one.status !== 'reserved',
  )
  const stranger = others.find(({ instance }) => instance === null || instance !== mine.instance)
  if (stranger === undefined) return
  throw conflict(
    `duplicate connectors detected on volume ${volume.id}: it is attached by ${stranger.id}, and its type does not say multiattach.`,
  )
}
