import { snapshotRef } from '../../driver/backend.ts'
import { refuseTaken } from '../../driver/claim.ts'
import { refuseUnreachable } from '../../driver/move-volume.ts'
import { templateOf } from '../../driver/placement.ts'
import { orAbsent } from '../../driver/settle.ts'
import { DriverError } from '../../errors.ts'
import { snapshotSummary } from '../../storpool/snapshots.ts'
import type { JobBackend } from '../backend.ts'
import { volumeThere } from '../claim.ts'
import type { JobOf } from '../document.ts'

export type CloneJob = JobOf<'clone-volume'>

/** How the clone is made. */
export interface Plan {
  /** Whether it goes to another cluster than its source's. */
  readonly remote: boolean
  readonly wait: CloneJob['input']['wait']
}

/**
 * Look at the source before anything is made. One that another job has is refused: it may be half-written. A source is
 * not taken: its point in time is one call, so it is there as a whole or not at all.
 *
 * @throws DriverError VolumeNotFound. SnapshotNotFound. VolumeIsBusy. InvalidInput, NotSupported: no such cluster.
 */
export async function check(backend: JobBackend, job: CloneJob): Promise<Plan> {
  const { cluster, wait, volume } = job.input
  const there = await sourceOf(backend, job)
  const remote = cluster !== undefined && cluster !== there.clusterName
  if (remote) {
    const template = templateOf(backend, volume.volume_type) ?? there.templateName
    await refuseUnreachable(backend, there, cluster, template)
  }
  return { remote, wait }
}

async function sourceOf(backend: JobBackend, { input: { src_vref, snapshot } }: CloneJob) {
  if (src_vref !== undefined) {
    const volume = await volumeThere(backend, src_vref)
    refuseTaken(backend, volume)
    return volume
  }
  if (snapshot === undefined) throw new DriverError('InvalidInput', 'the clone has no source')
  const ref = snapshotRef(backend, snapshot)
  const there = await orAbsent(snapshotSummary(backend.storpool, ref))
  if (there !== undefined && !there.deleted) return there
  throw new DriverError('SnapshotNotFound', `no snapshot ${ref} on the cluster`)
}
