import * as z from 'zod'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import { snapshotDelete, snapshotSummary } from '../storpool/snapshots.ts'
import { type Backend, snapshotRef } from './backend.ts'
import { busy } from './holders.ts'
import { KnownSnapshot } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'

export const DeleteSnapshot = z.strictObject({ snapshot: KnownSnapshot })
export type DeleteSnapshot = z.infer<typeof DeleteSnapshot>

/**
 * Delete a snapshot; volumes made from it keep their data. StorPool accepts at once and finishes in the background;
 * the name is free as soon as this answers. A snapshot that is not there, or already going, is deleted.
 *
 * @throws DriverError SnapshotIsBusy, naming who has it attached.
 * @see cinder/volume/drivers/storpool.py delete_snapshot
 */
export async function deleteSnapshot(backend: Backend, { snapshot }: DeleteSnapshot): Promise<void> {
  const there = await remaining(backend, snapshotRef(backend, snapshot))
  if (there === undefined) return
  const ref = `~${there.globalId}`
  try {
    await snapshotDelete(backend.storpool, ref)
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) return
    if (isRefusal(error, 'busy')) throw await busy(backend, 'SnapshotIsBusy', there, error)
    if (!isAmbiguous(error)) throw error
    if ((await lookAfter(error, () => remaining(backend, ref))) !== undefined) throw error
  }
}

/** The snapshot, unless it is gone or being deleted already. */
const remaining = async (backend: Backend, ref: string) => {
  const there = await orAbsent(snapshotSummary(backend.storpool, ref))
  return there?.deleted ? undefined : there
}
