import { snapshotRef } from '../../driver/backend.ts'
import { orAbsent } from '../../driver/settle.ts'
import { DriverError } from '../../errors.ts'
import { snapshotSummary } from '../../storpool/snapshots.ts'
import type { JobBackend } from '../backend.ts'
import { claim, release } from '../claim.ts'
import type { JobOf } from '../document.ts'

export type RevertJob = JobOf<'revert-volume'>

/**
 * See that there is something to revert to, and take the volume.
 *
 * @throws DriverError SnapshotNotFound. VolumeNotFound. VolumeIsBusy, naming the job that has it.
 */
export async function take(backend: JobBackend, job: RevertJob): Promise<void> {
  const ref = snapshotRef(backend, job.input.snapshot)
  const snapshot = await orAbsent(snapshotSummary(backend.storpool, ref))
  if (snapshot === undefined || snapshot.deleted) {
    throw new DriverError('SnapshotNotFound', `no snapshot ${ref} on the cluster`)
  }
  await claim(backend, job, job.input.volume)
}

export const giveBack = (backend: JobBackend, job: RevertJob): Promise<void> =>
  release(backend, job, job.input.volume)
