import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import { volumeSummary, volumeUpdate } from '../storpool/volumes.ts'
import { GiB } from '../units.ts'
import { type Backend, volumeRef } from './backend.ts'
import { KnownVolume, SizeGiB } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'

export const ExtendVolume = z.strictObject({ volume: KnownVolume, new_size: SizeGiB })
export type ExtendVolume = z.infer<typeof ExtendVolume>

/**
 * Grow a volume, attached or not; hosts see the new size by themselves. The size is absolute, so it may be asked
 * for again. Nothing is ever made smaller.
 *
 * @throws DriverError VolumeNotFound. InvalidInput: it is larger already. InsufficientCapacity.
 * @see cinder/volume/drivers/storpool.py extend_volume
 */
export async function extendVolume(backend: Backend, { volume, new_size }: ExtendVolume): Promise<void> {
  const ref = volumeRef(backend, volume)
  const size = new_size * GiB
  try {
    await volumeUpdate(backend.storpool, ref, { size })
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) {
      throw new DriverError('VolumeNotFound', `no volume ${ref} on the cluster`, { cause: error })
    }
    if (!isRefusal(error, 'invalidParam') && !isAmbiguous(error)) throw error
    const there = await lookAfter(error, () => orAbsent(volumeSummary(backend.storpool, ref)))
    if (there?.size === size && isAmbiguous(error)) return
    if (there === undefined || there.size <= size) throw error
    throw new DriverError('InvalidInput', `${ref} has ${there.size} bytes, more than ${new_size} GiB`, {
      cause: error,
      remedy: 'A volume is never made smaller: ask for a larger size.',
    })
  }
}
