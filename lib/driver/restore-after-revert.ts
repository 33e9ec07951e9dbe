import { volumeSummary } from '../storpool/volumes.ts'
import { type AttachingBackend, volumeRef } from './backend.ts'
import { turn } from './book.ts'
import { refuseTaken } from './claim.ts'
import type { KnownVolume } from './model.ts'
import { forgotten, restore } from './revert-to-snapshot.ts'
import { orAbsent } from './settle.ts'

/**
 * After a revert that is not to be run again: put back the size and limits that it remembered, if it did.
 *
 * @throws DriverError VolumeIsBusy: a job has it.
 */
export async function restoreAfterRevert(backend: AttachingBackend, volume: KnownVolume): Promise<void> {
  const there = await orAbsent(volumeSummary(backend.storpool, volumeRef(backend, volume)))
  if (there === undefined) return
  refuseTaken(backend, there)
  const page = await backend.attachments.read(there.globalId)
  if (page.reverting === undefined) return
  await restore(backend, there, page.reverting)
  await turn(backend.attachments, there.globalId, forgotten)
}
