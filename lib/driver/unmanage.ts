import * as z from 'zod'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import { volumeSummary, volumeUpdate } from '../storpool/volumes.ts'
import { type Backend, volumeRef } from './backend.ts'
import { refuseTaken } from './claim.ts'
import { withoutOwner } from './manage.ts'
import { KnownVolume } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'

export const Unmanage = z.strictObject({ volume: KnownVolume })
export type Unmanage = z.infer<typeof Unmanage>

/**
 * Let a volume go: our tags come off, name and data stay. What is not there has been let go.
 *
 * @throws DriverError VolumeIsBusy: a job has it.
 * @see cinder/volume/driver.py unmanage
 */
export async function unmanage(backend: Backend, { volume }: Unmanage): Promise<void> {
  const there = await orAbsent(volumeSummary(backend.storpool, volumeRef(backend, volume)))
  if (there?.tags?.['cl-id'] === undefined) return
  refuseTaken(backend, there)
  const ref = `~${there.globalId}`
  try {
    await volumeUpdate(backend.storpool, ref, { tags: withoutOwner(there.tags) })
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) return
    if (!isAmbiguous(error)) throw error
    const now = await lookAfter(error, () => orAbsent(volumeSummary(backend.storpool, ref)))
    if (now?.tags?.['cl-id']) throw error
  }
}
