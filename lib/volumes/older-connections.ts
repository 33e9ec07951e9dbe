import type { Attachment } from '../driver/backend.ts'
import { entries } from '../driver/book.ts'
import { terminateConnection } from '../driver/terminate-connection.ts'
import { attachmentId } from '../ids.ts'
import type { BlockStorage } from './block-storage.ts'
import { knownVolume } from './driver-model.ts'
import type { VolumeRecord } from './record.ts'

/** What `os-initialize_connection` makes bears an id made from volume and host. */
export const isOlderConnection = (globalId: string, { id, host }: Attachment): boolean =>
  id === attachmentId(globalId, host)

/**
 * End connections that `os-initialize_connection` made: that call knows of no attachment, so theirs bear an id made from
 * volume and host. Those of attachments stay, and those of jobs.
 *
 * @param ends whether a host's connection does.
 * @throws DriverError
 */
export async function endOlder(
  storage: BlockStorage,
  volume: VolumeRecord,
  ends: (host: string) => boolean,
  force = false,
): Promise<void> {
  const { globalId } = volume
  if (globalId === null) return
  const backend = await storage.backend(volume.host)
  const ending = entries(await backend.attachments.read(globalId)).filter(
    (one) => isOlderConnection(globalId, one) && ends(one.host),
  )
  for (const { id, generation } of ending) {
    await terminateConnection(backend, {
      volume: knownVolume(volume),
      attachmentId: id,
      generation,
      force,
    })
  }
}
