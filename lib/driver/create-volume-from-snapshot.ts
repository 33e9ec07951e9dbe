import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { snapshotSummary } from '../storpool/snapshots.ts'
import { type Backend, snapshotName, snapshotRef } from './backend.ts'
import { makeCopy } from './make-copy.ts'
import { KnownSnapshot, type ModelUpdate, Volume } from './model.ts'
import { refuseMixedEncryption } from './policy.ts'
import { orAbsent } from './settle.ts'

export const CreateVolumeFromSnapshot = z.strictObject({ volume: Volume, snapshot: KnownSnapshot })
export type CreateVolumeFromSnapshot = z.infer<typeof CreateVolumeFromSnapshot>

/**
 * Create a volume that begins with a snapshot's data, at the size asked for, in the template the new volume's
 * own type names (without one it stays in the snapshot's). One call. Run again, it finds its own volume.
 *
 * @throws DriverError SnapshotNotFound. InvalidInput: no such template, or smaller than the snapshot.
 *   VolumeExists. InsufficientCapacity. NotSupported.
 * @see cinder/volume/drivers/storpool.py create_volume_from_snapshot
 */
export async function createVolumeFromSnapshot(
  backend: Backend,
  { volume, snapshot }: CreateVolumeFromSnapshot,
): Promise<ModelUpdate> {
  refuseSmaller(volume, `snapshot ${snapshot.id}`, snapshot.volume_size)
  refuseMixedEncryption('a copy', volume, snapshot)
  const parent = snapshotRef(backend, snapshot)
  return makeCopy(backend, volume, {
    id: snapshot.id,
    desc: { parent },
    madeUntagged: (there) => there.parentName === snapshotName(backend, snapshot.id),
    missing: async (cause) => {
      const there = await orAbsent(snapshotSummary(backend.storpool, parent))
      // One that is being deleted can still be read by its global id.
      if (there !== undefined && !there.deleted) return undefined
      return new DriverError('SnapshotNotFound', `no snapshot ${parent} on the cluster`, { cause })
    },
  })
}

/** @throws DriverError InvalidInput: the volume cannot hold what it is to begin with. */
export const refuseSmaller = (volume: Volume, source: string, sizeGiB: number | undefined): void => {
  if (sizeGiB === undefined || volume.size >= sizeGiB) return
  throw new DriverError(
    'InvalidInput',
    `a volume of ${volume.size} GiB cannot hold ${source} of ${sizeGiB} GiB`,
    {
      remedy: `Ask for at least ${sizeGiB} GiB.`,
    },
  )
}
