import * as z from 'zod'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import { volumeSummary, volumeUpdate } from '../storpool/volumes.ts'
import { type AttachingBackend, type Backend, volumeRef } from './backend.ts'
import { refuseTaken } from './claim.ts'
import { holding } from './hold.ts'
import { isOwnedBy, withoutOwner } from './manage.ts'
import { KnownVolume } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'

export const Unmanage = z.strictObject({ volume: KnownVolume })
export type Unmanage = z.infer<typeof Unmanage>

/**
 * Let a volume go: our tags come off, name and data stay. What is not there has been let go, and so has what is somebody
 * else's by now.
 *
 * @throws DriverError VolumeIsBusy: a job has it. Conflict: somebody else is being given it.
 * @see cinder/volume/driver.py unmanage
 */
export async function unmanage(backend: AttachingBackend, { volume }: Unmanage): Promise<void> {
  const there = await owned(backend, volume, volumeRef(backend, volume))
  if (there === undefined) return
  await holding(backend, there, volume.id, async () => {
    // Since it was read it may have been let go, and taken by somebody else.
    const now = await owned(backend, volume, `~${there.globalId}`)
    if (now !== undefined) await letGo(backend, now)
  })
}

/** @returns undefined where it is not this volume's. @throws DriverError VolumeIsBusy: a job has it. */
async function owned(
  backend: Backend,
  { id, _name_id }: KnownVolume,
  ref: string,
): Promise<VolumeSummary | undefined> {
  const there = await orAbsent(volumeSummary(backend.storpool, ref))
  if (there === undefined || !isOwnedBy(there.tags, [id, _name_id])) return undefined
  refuseTaken(backend, there)
  return there
}

async function letGo(backend: Backend, { globalId, tags }: VolumeSummary): Promise<void> {
  const ref = `~${globalId}`
  try {
    await volumeUpdate(backend.storpool, ref, { tags: withoutOwner(tags) })
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) return
    if (!isAmbiguous(error)) throw error
    const now = await lookAfter(error, () => orAbsent(volumeSummary(backend.storpool, ref)))
    if (now?.tags?.['cl-id']) throw error
  }
}
