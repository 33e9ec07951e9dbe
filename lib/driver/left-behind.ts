import { DriverError } from '../errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import { volumeSummary } from '../storpool/volumes.ts'
import { type Backend, volumeName } from './backend.ts'
import { orAbsent } from './settle.ts'

/**
 * What a volume's data was in before its migration. Afterwards Cinder's temporary record (`id`) is to be deleted and says
 * that its object is named after the migrated volume (`original`). That is so here, as names are never swapped; where
 * Cinder's own driver did the migration it has swapped them, and the object of that name is the one in use. The
 * tag of the first maker tells them apart; without one, only that just one of the two is there.
 *
 * @returns undefined where it is not on this cluster.
 * @throws DriverError Conflict: both are there, and neither says which it is.
 */
export async function leftBehind(
  backend: Backend,
  id: string,
  original: string,
): Promise<VolumeSummary | undefined> {
  const look = (name: string) => orAbsent(volumeSummary(backend.storpool, volumeName(backend, name)))
  const named = await look(original)
  // Once the only copy on this cluster, it was given the name: it is the volume in use.
  if (named === undefined || named.tags?.['cl-moved'] === id) return undefined
  if (named.tags?.['cl-id'] === original) return named
  const other = await look(id)
  if (other === undefined) return named
  if (other.tags?.['cl-id'] === original) return other
  throw new DriverError(
    'Conflict',
    `${named.name} and ${other.name} are both there, and either may be in use since the migration`,
    { remedy: 'Say provider_location, the global id of the one to delete.' },
  )
}
