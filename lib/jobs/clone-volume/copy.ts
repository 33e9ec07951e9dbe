import { volumeName } from '../../driver/backend.ts'
import { claimIn } from '../../driver/claim.ts'
import { untag } from '../../driver/claim-volume.ts'
import { createClonedVolume } from '../../driver/create-cloned-volume.ts'
import { createVolumeFromSnapshot } from '../../driver/create-volume-from-snapshot.ts'
import { deleteVolume } from '../../driver/delete-volume.ts'
import type { Volume } from '../../driver/model.ts'
import { orAbsent } from '../../driver/settle.ts'
import { DriverError } from '../../errors.ts'
import { volumeSummary } from '../../storpool/volumes.ts'
import type { JobBackend } from '../backend.ts'
import { asJob } from '../claim.ts'
import type { Moving } from '../relocation.ts'
import type { CloneJob, Plan } from './check.ts'

/**
 * Make the clone, which bears the job's claim from its first moment. Run again, it finds its own. One for another
 * cluster begins in its source's template: its own is the other cluster's.
 */
export const copy =
  ({ remote }: Plan) =>
  async (backend: JobBackend, job: CloneJob): Promise<Moving> => {
    const { volume, src_vref, snapshot } = job.input
    const mine = asJob(backend, job)
    const as = remote ? { ...mine, defaults: { ...mine.defaults, template: undefined } } : mine
    const clone = remote ? withoutTemplate(volume) : volume
    const made =
      src_vref !== undefined
        ? createClonedVolume(as, { volume: clone, src_vref })
        : snapshot !== undefined
          ? createVolumeFromSnapshot(as, { volume: clone, snapshot })
          : Promise.reject(new DriverError('InvalidInput', 'the clone has no source'))
    const { provider_location } = await made
    await backend.jobs.change(job.id, { result: { provider_location } }, ['running'])
    return { globalId: provider_location }
  }

const withoutTemplate = (volume: Volume): Volume => {
  const { storpool_template: _, ...extra_specs } = volume.volume_type?.extra_specs ?? {}
  return volume.volume_type ? { ...volume, volume_type: { ...volume.volume_type, extra_specs } } : volume
}

/** Nobody asked for half a clone: what bears this job's claim goes, on whichever cluster it is. */
export async function removeCopy(backend: JobBackend, job: CloneJob): Promise<void> {
  const { id } = job.input.volume
  const there = await orAbsent(volumeSummary(backend.storpool, volumeName(backend, id)))
  if (there === undefined || claimIn(there.tags)?.job !== job.id) return
  await deleteVolume(asJob(backend, job), { volume: { id, provider_location: there.globalId } })
  await backend.jobs.change(job.id, { result: {} }, ['running'])
}

/** The clone is the caller's from here on. */
export const handOver =
  ({ globalId }: Moving) =>
  async (backend: JobBackend, job: CloneJob): Promise<void> => {
    await untag(backend, `~${globalId}`, job.id)
  }
