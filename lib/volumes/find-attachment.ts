import type { Caller } from '../auth/caller.ts'
import { noAttachment } from './attachment-rules.ts'
import type { Found } from './attachment-states.ts'
import type { BlockStorage } from './block-storage.ts'
import { findVolume } from './find.ts'
import { ApiError } from './refusal.ts'

/** @throws ApiError 404 */
export async function findAttachment(storage: BlockStorage, caller: Caller, id: string): Promise<Found> {
  const pointer = await storage.attachments.get(id)
  if (pointer === undefined) throw noAttachment(id)
  const volume = await findVolume(storage, caller, pointer.volumeId).catch((error: unknown) => {
    throw error instanceof ApiError && error.status === 404 ? noAttachment(id) : error
  })
  const attachment = volume.attachments[id]
  if (attachment === undefined) throw noAttachment(id)
  return { volume, attachment }
}
