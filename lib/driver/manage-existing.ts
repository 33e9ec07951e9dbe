import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import { volumeSummary, volumeUpdate } from '../storpool/volumes.ts'
import { type AttachingBackend, type Backend, volumeName } from './backend.ts'
import { refuseTaken } from './claim.ts'
import { holding } from './hold.ts'
import { refOf, refuseOwned, roundedUp, VolumeReference } from './manage.ts'
import { KnownVolume, type ModelUpdate } from './model.ts'
import { templateOf } from './placement.ts'
import { lookAfter, orAbsent } from './settle.ts'
import { tagsOf } from './tags.ts'

export const ManageExisting = z.strictObject({ volume: KnownVolume, existing_ref: VolumeReference })
export type ManageExisting = z.infer<typeof ManageExisting>

/**
 * Take a volume that is on the cluster under Cinder's care: it gets the name and tags of ours, and grows to whole GiB.
 * Its data, global id and attachments stay. Of several who ask for it at once one gets it. Run again, it finds what it took.
 *
 * @throws DriverError VolumeNotFound. VolumeIsBusy: a job has it. Conflict: somebody else's record owns it, or is about to.
 *   VolumeExists: our name is taken. InvalidInput: the type names another template than it has.
 * @see cinder/volume/driver.py manage_existing
 */
export async function manageExisting(
  backend: AttachingBackend,
  { volume, existing_ref }: ManageExisting,
): Promise<ModelUpdate> {
  const ref = refOf(existing_ref)
  const there = await found(backend, ref, volume.id)
  refuseUnfit(backend, volume, there)
  await holding(backend, there, volume.id, async () => {
    // Since it was read somebody may have taken it.
    const now = await byRef(backend, `~${there.globalId}`)
    if (now === undefined) throw missing(there.name)
    refuseUnfit(backend, volume, now)
    await take(backend, volume, now)
  })
  return { provider_location: there.globalId }
}

const byRef = (backend: Backend, ref: string) => orAbsent(volumeSummary(backend.storpool, ref))
const missing = (ref: string) => new DriverError('VolumeNotFound', `no volume ${ref} on the cluster`)

/** By the reference, or under our own name where an earlier run has renamed it already. */
async function found(backend: Backend, ref: string, id: string): Promise<VolumeSummary> {
  const there = await byRef(backend, ref)
  if (there !== undefined) return there
  const taken = await byRef(backend, volumeName(backend, id))
  if (taken?.tags?.['cl-id'] === id) return taken
  throw missing(ref)
}

function refuseUnfit(backend: Backend, volume: KnownVolume, there: VolumeSummary): void {
  refuseOwned(there.name, there.tags, volume.id)
  refuseTaken(backend, there)
  const template =
    volume.volume_type?.extra_specs.storpool_template && templateOf(backend, volume.volume_type)
  if (!template || there.templateName === template) return
  throw new DriverError(
    'InvalidInput',
    `${there.name} is in template ${there.templateName || '(none)'}, not ${template}`,
    {
      remedy: 'Manage it with a type of its own template, and retype it afterwards.',
    },
  )
}

async function take(backend: AttachingBackend, volume: KnownVolume, there: VolumeSummary): Promise<void> {
  const name = volumeName(backend, volume.id)
  const ref = `~${there.globalId}`
  const ours = { id: volume.id, project: volume.project_id }
  if (there.name !== name) await backend.attachments.forget(there.name)
  try {
    await volumeUpdate(backend.storpool, ref, {
      ...(there.name === name ? {} : { rename: name }),
      ...(there.size === roundedUp(there.size) ? {} : { size: roundedUp(there.size) }),
      tags: { ...there.tags, ...tagsOf(ours) },
    })
  } catch (error) {
    if (isRefusal(error, 'objectExists')) {
      throw new DriverError('VolumeExists', `${name} is there already, and is not ${there.name}`, {
        cause: error,
      })
    }
    if (!isAmbiguous(error)) throw error
    const now = await lookAfter(error, () => orAbsent(volumeSummary(backend.storpool, ref)))
    if (now?.name !== name || now.tags?.['cl-id'] !== volume.id) throw error
  }
}
