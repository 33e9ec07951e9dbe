import { refuseUnreachable } from '../../driver/move-volume.ts'
import type { JobBackend } from '../backend.ts'
import { claim, release, volumeThere } from '../claim.ts'
import type { JobOf } from '../document.ts'
import type { Moving } from '../relocation.ts'
import { type Way, wayOf } from './way.ts'

export type MigrateJob = JobOf<'migrate-volume'>

/** Where a volume goes, and what must be the same when it is there. */
export interface Journey extends Moving, Way {
  /** The cluster it comes from; undefined where there is only one. */
  readonly from: string | undefined
  readonly name: string
  readonly template: string
}

/**
 * See that the volume can live where it is to go, and take it. Run again, the journey is the same: nothing has moved yet.
 *
 * @throws DriverError VolumeNotFound. VolumeIsBusy, naming the job that has it. InvalidInput: no such cluster, or not
 *   this template there. NotSupported.
 */
export async function take(backend: JobBackend, job: MigrateJob): Promise<Journey> {
  const { volume } = job.input
  const way = wayOf(job.input)
  const there = await volumeThere(backend, volume)
  if (there.clusterName !== way.to) await refuseUnreachable(backend, there, way.to, there.templateName)
  const { globalId, name, templateName, clusterName } = await claim(backend, job, volume)
  return { ...way, globalId, name, template: templateName ?? '', from: clusterName }
}

export const giveBack = (backend: JobBackend, job: MigrateJob): Promise<void> =>
  release(backend, job, job.input.volume)
