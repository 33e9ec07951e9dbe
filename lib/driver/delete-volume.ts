import * as z from 'zod'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import { volumeDelete, volumeSummary } from '../storpool/volumes.ts'
import { type Backend, volumeRef } from './backend.ts'
import { refuseTaken } from './claim.ts'
import { busy } from './holders.ts'
import { leftBehind } from './left-behind.ts'
import { KnownVolume } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'

export const DeleteVolume = z.strictObject({ volume: KnownVolume })
export type DeleteVolume = z.infer<typeof DeleteVolume>

/**
 * Delete a volume; its snapshots stay. Nobody is detached: an attached volume is refused. The volume is
 * looked up once and deleted by global id, so that a name that changed hands in between costs nobody data.
 * A volume that is not there is a volume deleted.
 *
 * @throws DriverError VolumeIsBusy, naming who has it attached, or the job that has it. Conflict: of two volumes of a migration, none says
 *   that it is the one that was left behind.
 * @see cinder/volume/drivers/storpool.py delete_volume
 */
export async function deleteVolume(backend: Backend, { volume }: DeleteVolume): Promise<void> {
  const { id, _name_id, provider_location } = volume
  const there =
    _name_id && _name_id !== id && !provider_location
      ? await leftBehind(backend, id, _name_id)
      : await orAbsent(volumeSummary(backend.storpool, volumeRef(backend, volume)))
  if (there === undefined) return
  refuseTaken(backend, there)
  const ref = `~${there.globalId}`
  try {
    await volumeDelete(backend.storpool, ref)
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) return
    if (isRefusal(error, 'busy')) throw await busy(backend, 'VolumeIsBusy', there, error)
    if (!isAmbiguous(error)) throw error
    if ((await lookAfter(error, () => orAbsent(volumeSummary(backend.storpool, ref)))) !== undefined)
      throw error
  }
}
