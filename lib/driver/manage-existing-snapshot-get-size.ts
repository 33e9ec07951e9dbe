import { DriverError } from '../errors.ts'
import { snapshotSummary } from '../storpool/snapshots.ts'
import { toGiB } from '../units.ts'
import type { Backend } from './backend.ts'
import { refOf } from './manage.ts'
import { ManageExistingSnapshot } from './manage-existing-snapshot.ts'
import { orAbsent } from './settle.ts'

export const ManageExistingSnapshotGetSize = ManageExistingSnapshot

/**
 * The size Cinder is to keep for a snapshot that is to be managed, in GiB, rounded up.
 *
 * @throws DriverError SnapshotNotFound.
 */
export async function manageExistingSnapshotGetSize(
  backend: Backend,
  { existing_ref }: ManageExistingSnapshot,
): Promise<{ size: number }> {
  const ref = refOf(existing_ref)
  const there = await orAbsent(snapshotSummary(backend.storpool, ref))
  if (there === undefined) throw new DriverError('SnapshotNotFound', `no snapshot ${ref} on the cluster`)
  return { size: toGiB(there.size) }
}
