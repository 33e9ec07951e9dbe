import { refuseUnreachable } from '../../driver/move-volume.ts'
import type { JobBackend } from '../backend.ts'
import { claim, release, volumeThere } from '../claim.ts'
import type { JobOf } from '../document.ts'
import type { Moving } from '../relocation.ts'
import { refuseSnapshots } from './snapshots.ts'
import { refuseUncopyable } from './uncopyable.ts'
import { type Way, wayOf } from './way.ts'

export type MigrateJob = JobOf<'migrate-volume'>

/** A volume as it sets out, and what must be the same when it is there. */
interface Start extends Moving {
  readonly name: string
  readonly to: string
}

/** Where a volume goes within its location. */
export interface Move extends Start {
  readonly kind: 'move'
  /** The cluster it comes from; undefined where there is only one. */
  readonly from: string | undefined
  readonly template: string
}

/** Where a volume goes out of its location. */
export interface Copy extends Start {
  readonly kind: 'copy'
  /** Bytes. */
  readonly size: number
}

/**
 * See that the volume can live where it is to go, and take it. Run again, the journey is the same: nothing has moved yet.
 *
 * @throws DriverError VolumeNotFound. VolumeIsBusy, naming the job that has it. InvalidInput: no such cluster, or not
 *   this template there. NotSupported. Conflict: it has snapshots. Of a copy also UnknownHost.
 */
export async function take(backend: JobBackend, job: MigrateJob): Promise<Move | Copy> {
  const { volume } = job.input
  const way = wayOf(job.input)
  const there = await volumeThere(backend, volume)
  await refuseImpossible(backend, job, way, there)
  const { globalId, name, size, templateName, clusterName } = await claim(backend, job, volume)
  return way.kind === 'copy'
    ? { kind: 'copy', to: way.to, globalId, name, size }
    : { kind: 'move', to: way.to, globalId, name, template: templateName ?? '', from: clusterName }
}

async function refuseImpossible(
  backend: JobBackend,
  job: MigrateJob,
  { kind, to }: Way,
  there: Awaited<ReturnType<typeof volumeThere>>,
): Promise<void> {
  if (kind === 'move' && there.clusterName === to) return
  await (kind === 'copy'
    ? refuseUncopyable(backend, job, to, there)
    : refuseUnreachable(backend, there, to, there.templateName))
  await refuseSnapshots(backend, there)
}

export const giveBack = (backend: JobBackend, job: MigrateJob): Promise<void> =>
  release(backend, job, job.input.volume)
