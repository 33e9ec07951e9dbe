import { DriverError } from '../errors.ts'
import { attachmentsList } from '../storpool/attachments.ts'
import type { Attachment } from '../storpool/schema/answers.ts'
import type { Backend, Attachment as BookedAttachment } from './backend.ts'
import { describe } from './book.ts'

/**
 * Who has this volume or snapshot attached, as StorPool sees it, or what bears `name` now. Lists the cluster: for the way
 * to a refusal only.
 */
export const holdersOf = async (
  backend: Backend,
  globalId: string,
  name?: string,
): Promise<readonly Attachment[]> =>
  (await attachmentsList(backend.storpool)).filter(
    (attachment) => attachment.globalId === globalId || attachment.volume === name,
  )

/** A conflict that names who holds the object. */
export async function busy(
  backend: Backend,
  kind: 'VolumeIsBusy' | 'SnapshotIsBusy',
  object: { name: string; globalId: string },
  cause: unknown,
): Promise<DriverError> {
  const [holders, hosts] = await Promise.all([holdersOf(backend, object.globalId), backend.hosts.all()])
  const named = holders.map(({ client, rights }) => ({
    clientId: client,
    mode: rights,
    host: hosts.find(({ clientId }) => clientId === client)?.name,
  }))
  const list = named.map(
    ({ clientId, host, mode }) => `client ${clientId}${host ? ` (${host})` : ''} ${mode}`,
  )
  return new DriverError(kind, `${object.name} is in use: ${list.join(', ') || 'StorPool says it is busy'}`, {
    cause,
    remedy: 'End its connections first (terminate_connection), then repeat.',
    details: { holders: named },
  })
}

/** A conflict that names who holds the volume by the book. */
export const heldBy = (name: string, holders: readonly BookedAttachment[]): DriverError =>
  new DriverError('VolumeIsBusy', `${name} is in use: ${holders.map(describe).join(', ')}`, {
    remedy: 'End its connections first (terminate_connection), then repeat.',
    details: {
      holders: holders.map(({ clientId, host, mode, instance }) => ({ clientId, host, mode, instance })),
    },
  })
