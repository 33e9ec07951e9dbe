import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import type { SnapshotSummary } from '../storpool/schema/answers.ts'
import { snapshotSummary, volumeSnapshot } from '../storpool/snapshots.ts'
import { type Backend, snapshotName, volumeName, volumeRef } from './backend.ts'
import { type ModelUpdate, Snapshot } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'
import { contradicts, tagsOf } from './tags.ts'

export const CreateSnapshot = z.strictObject({ snapshot: Snapshot })
export type CreateSnapshot = z.infer<typeof CreateSnapshot>

/**
 * Take a snapshot of a volume, attached or not: crash-consistent, at once. Run again, it finds its own snapshot
 * there and is content; the data stays that of the first time.
 *
 * @throws DriverError VolumeNotFound. Conflict: the name belongs to something else.
 * @see cinder/volume/drivers/storpool.py create_snapshot
 */
export async function createSnapshot(backend: Backend, { snapshot }: CreateSnapshot): Promise<ModelUpdate> {
  const name = snapshotName(backend, snapshot.id)
  const volume = volumeRef(backend, snapshot.volume ?? { id: snapshot.volume_id })
  const ours = { id: snapshot.id, from: snapshot.volume_id, project: snapshot.project_id }
  const look = () => orAbsent(snapshotSummary(backend.storpool, name))
  try {
    const { snapshotGlobalId } = await volumeSnapshot(backend.storpool, volume, { name, tags: tagsOf(ours) })
    return { provider_location: snapshotGlobalId ?? (await snapshotSummary(backend.storpool, name)).globalId }
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) {
      throw new DriverError('VolumeNotFound', `no volume ${volume} on the cluster`, { cause: error })
    }
    const taken = isRefusal(error, 'objectExists')
    if (!taken && !isAmbiguous(error)) throw error
    const there = await lookAfter(error, look)
    if (there === undefined && !taken) throw error
    if (there === undefined || !isOurSnapshot(backend, there, ours)) {
      throw new DriverError('Conflict', `${name} is there already, and is not a snapshot of ${volume}`, {
        cause: error,
        remedy: 'Use another id, or delete what has this name.',
      })
    }
    return { provider_location: there.globalId }
  }
}

/** One of Cinder's own driver carries no tags: then the volume it was taken of decides. */
export const isOurSnapshot = (
  backend: Backend,
  there: SnapshotSummary,
  ours: { id: string; from: string },
): boolean =>
  there.tags?.['cl-id'] === undefined
    ? there.onVolume === volumeName(backend, ours.from)
    : !contradicts(there.tags, ours)
