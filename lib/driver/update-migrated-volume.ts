import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import { volumeSummary, volumeUpdate } from '../storpool/volumes.ts'
import { type AttachingBackend, volumeName, volumeRef } from './backend.ts'
import { refuseTaken } from './claim.ts'
import { KnownVolume } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'

export const UpdateMigratedVolume = z.strictObject({
  volume: KnownVolume,
  new_volume: KnownVolume,
  original_volume_status: z.string().max(64).optional(),
})
export type UpdateMigratedVolume = z.infer<typeof UpdateMigratedVolume>

export interface MigratedVolume {
  /** The id the object is named after; null when it bears the volume's own. */
  readonly _name_id: string | null
  readonly provider_location: string
}

/**
 * After a migration: say where the volume's data is now. With the original still there, both keep their names and the
 * volume is found by the new one's global id; with only the new one left, it takes the volume's name. Names are never
 * swapped, so a cut leaves both reachable.
 *
 * @throws DriverError VolumeNotFound: the migrated copy is not there. VolumeIsBusy: a job has the copy.
 * @see cinder/volume/drivers/storpool.py update_migrated_volume, which swaps names in three renames
 */
export async function updateMigratedVolume(
  backend: AttachingBackend,
  { volume, new_volume }: UpdateMigratedVolume,
): Promise<MigratedVolume> {
  const name = volumeName(backend, volume.id)
  const look = (ref: string) => orAbsent(volumeSummary(backend.storpool, ref))
  const [copy, original] = await Promise.all([look(volumeRef(backend, new_volume)), look(name)])
  if (copy === undefined) {
    if (original !== undefined && original.tags?.['cl-moved'] === new_volume.id) return renamed(original)
    throw new DriverError(
      'VolumeNotFound',
      `no migrated volume ${volumeRef(backend, new_volume)} on the cluster`,
    )
  }
  if (copy.name === name) return renamed(copy)
  if (original !== undefined) return { _name_id: new_volume.id, provider_location: copy.globalId }
  refuseTaken(backend, copy)
  await backend.attachments.forget(copy.name)
  const tags = { ...copy.tags, 'cl-id': volume.id, 'cl-moved': new_volume.id }
  try {
    await volumeUpdate(backend.storpool, `~${copy.globalId}`, { rename: name, tags })
  } catch (error) {
    if (isRefusal(error, 'objectExists')) {
      return { _name_id: new_volume.id, provider_location: copy.globalId }
    }
    if (!isAmbiguous(error)) throw error
    const there = await lookAfter(error, () => look(`~${copy.globalId}`))
    if (there?.name !== name) throw error
  }
  return renamed(copy)
}

const renamed = ({ globalId }: VolumeSummary): MigratedVolume => ({
  _name_id: null,
  provider_location: globalId,
})
