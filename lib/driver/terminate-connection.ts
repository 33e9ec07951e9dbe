import * as z from 'zod'
import { volumeSummary } from '../storpool/volumes.ts'
import { type AttachingBackend, type Attachment, volumeRef } from './backend.ts'
import { entries } from './book.ts'
import { detach, refuseStale } from './detach.ts'
import { AttachmentId } from './initialize-connection.ts'
import { knownHost } from './known-host.ts'
import { Connector, KnownVolume } from './model.ts'
import { orAbsent } from './settle.ts'

export const TerminateConnection = z.strictObject({
  volume: KnownVolume,
  /** None means every host. */
  connector: Connector.nullish(),
  /** End this attachment only, whatever the connector. */
  attachmentId: AttachmentId.optional(),
  /** With `attachmentId`: refuse when it has been made anew since. */
  generation: z.int().positive().optional(),
  force: z.boolean().default(false),
})
export type TerminateConnection = z.infer<typeof TerminateConnection>

/**
 * End connections of a volume: one attachment by its id, a host's, or all of them. What is not attached is
 * detached. Nothing is forced unless asked.
 *
 * @throws DriverError VolumeIsBusy: a process has the device open. StaleGeneration. UnknownHost.
 * @see cinder/volume/drivers/storpool.py terminate_connection, which detaches nothing
 */
export async function terminateConnection(
  backend: AttachingBackend,
  input: TerminateConnection,
): Promise<void> {
  const name = volumeRef(backend, input.volume)
  const { provider_location } = input.volume
  if (provider_location) {
    await end(backend, input, { name, globalId: provider_location })
    return
  }
  // What was noted tells the page of the book. Others give names to other volumes, as a migration by Cinder's own driver
  // does: what StorPool detaches is what bears the name.
  const noted = await backend.attachments.noted(name)
  if (noted && (await end(backend, input, { name, globalId: noted }, name))) return
  const volume = await orAbsent(volumeSummary(backend.storpool, name))
  if (volume !== undefined) await end(backend, input, volume)
  else if (noted) await end(backend, input, { name, globalId: noted })
}

/** @returns false where StorPool has no such volume. */
async function end(
  backend: AttachingBackend,
  input: TerminateConnection,
  volume: { readonly name: string; readonly globalId: string },
  byName?: string,
): Promise<boolean> {
  const { attachmentId, generation, connector, force } = input
  if (attachmentId !== undefined) {
    const ends = (attachment: Attachment) => {
      if (attachment.id !== attachmentId) return false
      refuseStale(attachment, generation)
      return true
    }
    return detach(backend, { volume, ends, clients: [], force })
  }
  if (connector == null) return detach(backend, { volume, ends: () => true, clients: 'all', force, byName })
  const page = await backend.attachments.read(volume.globalId)
  const inBook = entries(page).filter(({ host }) => host === connector.host)
  const clients =
    inBook.length > 0
      ? inBook.map(({ clientId }) => clientId)
      : [(await knownHost(backend.hosts, connector.host)).clientId]
  return detach(backend, {
    volume,
    ends: ({ host, clientId }) => host === connector.host || clients.includes(clientId),
    clients,
    force,
    byName,
    seen: page,
  })
}
