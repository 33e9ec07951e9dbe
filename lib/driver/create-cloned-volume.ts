import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { volumeSummary } from '../storpool/volumes.ts'
import { type Backend, volumeRef } from './backend.ts'
import { refuseSmaller } from './create-volume-from-snapshot.ts'
import { makeCopy } from './make-copy.ts'
import { KnownVolume, type ModelUpdate, Volume } from './model.ts'
import { refuseMixedEncryption } from './policy.ts'
import { orAbsent } from './settle.ts'

export const CreateClonedVolume = z.strictObject({ volume: Volume, src_vref: KnownVolume })
export type CreateClonedVolume = z.infer<typeof CreateClonedVolume>

/**
 * Create a volume as a copy of a live one, attached or not, in the same template or another. One call: the cluster
 * makes the point in time itself and removes it when nothing needs it. Run again, it finds its own volume.
 *
 * @throws DriverError VolumeNotFound: no such source. InvalidInput: no such template, or smaller than the source.
 *   VolumeExists. InsufficientCapacity. NotSupported.
 * @see cinder/volume/drivers/storpool.py create_cloned_volume; apache/cloudstack, StorPoolUtil.java volumeCopy:
 *   `baseOn` and `template` in one call
 */
export async function createClonedVolume(
  backend: Backend,
  { volume, src_vref }: CreateClonedVolume,
): Promise<ModelUpdate> {
  refuseSmaller(volume, `volume ${src_vref.id}`, src_vref.size)
  refuseMixedEncryption('a clone', volume, src_vref)
  const baseOn = volumeRef(backend, src_vref)
  return makeCopy(backend, volume, {
    id: src_vref.id,
    desc: { baseOn },
    madeUntagged: (there) => there.parentName !== '',
    missing: async (cause) =>
      (await orAbsent(volumeSummary(backend.storpool, baseOn))) === undefined
        ? new DriverError('VolumeNotFound', `no volume ${baseOn} on the cluster`, { cause })
        : undefined,
  })
}
