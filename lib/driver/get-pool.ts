import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { volumeSummary } from '../storpool/volumes.ts'
import { type Backend, volumeRef } from './backend.ts'
import { KnownVolume } from './model.ts'
import { orAbsent } from './settle.ts'

export const GetPool = z.strictObject({ volume: KnownVolume })
export type GetPool = z.infer<typeof GetPool>

/** A pool's name: `template_<name>`, or `default` for what has no template. */
export const poolOf = (template: string | undefined): string =>
  template ? `template_${template}` : 'default'

/**
 * The pool a volume is in, from the template the volume really has.
 *
 * @throws DriverError VolumeNotFound.
 * @see cinder/volume/drivers/storpool.py get_pool
 */
export async function getPool(backend: Backend, { volume }: GetPool): Promise<{ pool: string }> {
  const ref = volumeRef(backend, volume)
  const there = await orAbsent(volumeSummary(backend.storpool, ref))
  if (there === undefined) throw new DriverError('VolumeNotFound', `no volume ${ref} on the cluster`)
  return { pool: poolOf(there.templateName) }
}
