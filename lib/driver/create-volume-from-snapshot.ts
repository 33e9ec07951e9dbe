import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema.ts'
import { snapshotSummary } from '../storpool/snapshots.ts'
import { GiB } from '../units.ts'
import { type Backend, snapshotName, snapshotRef, volumeName } from './backend.ts'
import { makeVolume, unknownTemplate } from './make-volume.ts'
import { KnownSnapshot, type ModelUpdate, Volume } from './model.ts'
import { templateOf } from './placement.ts'
import { orAbsent } from './settle.ts'
import { contradicts, tagsOf } from './tags.ts'

export const CreateVolumeFromSnapshot = z.strictObject({ volume: Volume, snapshot: KnownSnapshot })
export type CreateVolumeFromSnapshot = z.infer<typeof CreateVolumeFromSnapshot>

/**
 * Create a volume that begins with a snapshot's data, at the size asked for, in the template the new volume's
 * own type names (without one it stays in the snapshot's). One call. Run again, it finds its own volume.
 *
 * @throws DriverError SnapshotNotFound. InvalidInput: no such template, or smaller than the snapshot.
 *   VolumeExists. InsufficientCapacity.
 * @see cinder/volume/drivers/storpool.py create_volume_from_snapshot
 */
export async function createVolumeFromSnapshot(
  backend: Backend,
  { volume, snapshot }: CreateVolumeFromSnapshot,
): Promise<ModelUpdate> {
  refuseSmaller(volume, snapshot)
  const template = templateOf(backend, volume.volume_type)
  const parent = snapshotRef(backend, snapshot)
  const ours = { id: volume.id, from: snapshot.id, project: volume.project_id }
  const isOurs = (there: VolumeSummary) =>
    there.tags?.['cl-id'] === undefined
      ? there.parentName === snapshotName(backend, snapshot.id)
      : !contradicts(there.tags, ours)
  try {
    return await makeVolume(
      backend,
      {
        name: volumeName(backend, volume.id),
        size: volume.size * GiB,
        parent,
        ...(template === undefined ? {} : { template }),
        tags: tagsOf(ours),
      },
      isOurs,
    )
  } catch (error) {
    if (!isRefusal(error, 'objectDoesNotExist')) throw error
    const source = await orAbsent(snapshotSummary(backend.storpool, parent))
    if (source !== undefined) throw unknownTemplate(template, error)
    throw new DriverError('SnapshotNotFound', `no snapshot ${parent} on the cluster`, { cause: error })
  }
}

const refuseSmaller = (volume: Volume, snapshot: KnownSnapshot): void => {
  if (snapshot.volume_size === undefined || volume.size >= snapshot.volume_size) return
  throw new DriverError(
    'InvalidInput',
    `a volume of ${volume.size} GiB cannot hold snapshot ${snapshot.id} of ${snapshot.volume_size} GiB`,
    { remedy: `Ask for at least ${snapshot.volume_size} GiB.` },
  )
}
