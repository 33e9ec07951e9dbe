import { DriverError } from '../errors.ts'
import { volumeSummary } from '../storpool/volumes.ts'
import { toGiB } from '../units.ts'
import type { Backend } from './backend.ts'
import { refOf } from './manage.ts'
import { ManageExisting } from './manage-existing.ts'
import { orAbsent } from './settle.ts'

export const ManageExistingGetSize = ManageExisting

/**
 * The size Cinder is to keep for a volume that is to be managed, in GiB, rounded up.
 *
 * @throws DriverError VolumeNotFound.
 */
export async function manageExistingGetSize(
  backend: Backend,
  { existing_ref }: ManageExisting,
): Promise<{ size: number }> {
  const ref = refOf(existing_ref)
  const there = await orAbsent(volumeSummary(backend.storpool, ref))
  if (there === undefined) throw new DriverError('VolumeNotFound', `no volume ${ref} on the cluster`)
  return { size: toGiB(there.size) }
}
