import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import type { VolumeUpdateDesc } from '../storpool/schema/asked.ts'
import { volumeSummary, volumeUpdate } from '../storpool/volumes.ts'
import { type Backend, volumeRef } from './backend.ts'
import { refuseTaken } from './claim.ts'
import { unknownTemplate } from './make-volume.ts'
import { KnownVolume, VolumeType } from './model.ts'
import { templateOf } from './placement.ts'
import { policyOf } from './policy.ts'
import { changed, Diff, needsOther, refuseUnsupported } from './retype-changes.ts'
import { orAbsent } from './settle.ts'

export const Retype = z.strictObject({
  volume: KnownVolume,
  new_type: VolumeType,
  diff: Diff.default({}),
  /** Where the scheduler wants it: `{host, cluster_name, capabilities}`. One cluster has one place. */
  host: z.looseObject({}).nullish(),
})
export type Retype = z.infer<typeof Retype>

export type Retyped =
  | { readonly retyped: true; readonly template: string; readonly relocating: boolean }
  /** Cinder's `False`: what was asked needs another backend, so the data has to be migrated. */
  | { readonly retyped: false; readonly reason: string }

/**
 * Give a volume another type in place: template, limits and class of service, whatever it had before. What StorPool
 * has afterwards is read back. With another template the data moves in the background (`relocating`).
 *
 * @throws DriverError NotSupported: encryption or back-end QoS specs change, or the new type names no template.
 *   InvalidInput: no such template. VolumeNotFound. OutcomeUnknown: StorPool took it and has not done it yet.
 *   VolumeIsBusy: a job has it. Where no tag changes that is seen after the change, which the job may undo.
 * @see cinder/volume/drivers/storpool.py retype
 */
export async function retype(backend: Backend, { volume, new_type, diff }: Retype): Promise<Retyped> {
  const reason = needsOther(diff)
  if (reason !== undefined) return { retyped: false, reason }
  refuseUnsupported(diff)
  const template = templateOf(backend, new_type)
  if (template === undefined && changed(diff.extra_specs, 'storpool_template') !== undefined) {
    throw new DriverError(
      'NotSupported',
      'a volume cannot be taken out of its template, and the new type names none',
      {
        remedy: 'Name a template in the new type, or set STORPOOL_TEMPLATE.',
      },
    )
  }
  const ref = volumeRef(backend, volume)
  const { tags: wanted, ...limits } = policyOf(new_type)
  const dropped = (key: 'iops' | 'bw') =>
    limits[key] === undefined && changed(diff.extra_specs, key) !== undefined ? { [key]: '-' as const } : {}
  const tags =
    wanted.qc !== undefined || changed(diff.extra_specs, 'qc') !== undefined
      ? { ...(await free(backend, ref)).tags, qc: wanted.qc ?? '' }
      : undefined
  const desc: VolumeUpdateDesc = {
    ...(template === undefined ? {} : { template }),
    ...limits,
    ...dropped('iops'),
    ...dropped('bw'),
    ...(tags === undefined ? {} : { tags }),
  }
  await update(backend, ref, desc)
  // Without tags nothing is read before: whoever is told now repeats it when the job has ended.
  const after = await free(backend, ref)
  verify(ref, desc, after)
  const from = changed(diff.extra_specs, 'storpool_template')
  return { retyped: true, template: after.templateName ?? '', relocating: from !== undefined }
}

/** @throws DriverError VolumeIsBusy: a job has it. */
const free = async (backend: Backend, ref: string): Promise<VolumeSummary> => {
  const found = await there(backend, ref)
  refuseTaken(backend, found)
  return found
}

const there = async (backend: Backend, ref: string): Promise<VolumeSummary> => {
  const found = await orAbsent(volumeSummary(backend.storpool, ref))
  if (found === undefined) throw new DriverError('VolumeNotFound', `no volume ${ref} on the cluster`)
  return found
}

async function update(backend: Backend, ref: string, desc: VolumeUpdateDesc): Promise<void> {
  if (Object.keys(desc).length === 0) return
  try {
    await volumeUpdate(backend.storpool, ref, desc)
  } catch (error) {
    // The reading that follows settles a lost answer.
    if (isAmbiguous(error)) return
    if (!isRefusal(error, 'objectDoesNotExist')) throw error
    await there(backend, ref)
    throw unknownTemplate(desc.template, error)
  }
}

const verify = (ref: string, desc: VolumeUpdateDesc, after: VolumeSummary): void => {
  const wrong = [
    ...(desc.template === undefined || after.templateName === desc.template ? [] : ['template']),
    ...(desc.iops === undefined || after.iops === desc.iops ? [] : ['iops']),
    ...(desc.bw === undefined || after.bw === desc.bw ? [] : ['bw']),
    ...(desc.tags === undefined || (after.tags?.qc ?? '') === desc.tags.qc ? [] : ['tag qc']),
  ]
  if (wrong.length === 0) return
  throw new DriverError('OutcomeUnknown', `${ref} does not have the new ${wrong.join(', ')} yet`, {
    remedy: 'Repeat it.',
  })
}
