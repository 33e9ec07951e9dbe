import { volumeRef } from '../driver/backend.ts'
import { type Claim, claimIn } from '../driver/claim.ts'
import { claimVolume, putOff, releaseVolume } from '../driver/claim-volume.ts'
import type { KnownVolume } from '../driver/model.ts'
import { orAbsent } from '../driver/settle.ts'
import { DriverError } from '../errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import { volumeSummary } from '../storpool/volumes.ts'
import type { JobBackend } from './backend.ts'
import { isFinal } from './record.ts'

interface Job {
  readonly id: string
}

/** Milliseconds after which a claim is nobody's any more. Tries and waits within one job are far apart by minutes. */
const CLAIM_MS = 3_600_000

const claimOf = ({ id }: Job): Claim => ({ job: id, until: Date.now() + CLAIM_MS })

/** The backend as a job has it: its own claim stands in nobody's way, and a volume it makes bears it. */
export const asJob = (backend: JobBackend, job: Job): JobBackend => ({ ...backend, claim: claimOf(job) })

/** @throws DriverError VolumeNotFound. */
export async function volumeThere(backend: JobBackend, volume: KnownVolume): Promise<VolumeSummary> {
  const ref = volumeRef(backend, volume)
  const there = await orAbsent(volumeSummary(backend.storpool, ref))
  if (there !== undefined) return there
  throw new DriverError('VolumeNotFound', `no volume ${ref} on the cluster`)
}

/**
 * Take a volume for a job, so that no other job and no operation of the driver changes it meanwhile. Run again, the job
 * has it still.
 *
 * @returns the volume as it was before.
 * @throws DriverError VolumeIsBusy, naming the job that has it. VolumeNotFound.
 */
export async function claim(backend: JobBackend, job: Job, volume: KnownVolume): Promise<VolumeSummary> {
  const there = await volumeThere(backend, volume)
  await claimVolume(backend, there, claimOf(job), async (id) => {
    const record = await backend.jobs.get(id)
    return record !== undefined && isFinal(record.status)
  })
  return there
}

/**
 * While a job waits: see that it still has the volume, and put the end off in good time.
 *
 * @throws DriverError Conflict: it has not.
 */
export async function keepClaim(backend: JobBackend, job: Job, there: VolumeSummary): Promise<void> {
  const mine = claimIn(there.tags)
  if (mine?.job !== job.id) {
    throw new DriverError('Conflict', `${there.name} was taken from the job while it ran`, {
      remedy: 'Look what it is like now, then ask for the job again.',
    })
  }
  if (mine.until - Date.now() < CLAIM_MS / 2) await putOff(backend, there, claimOf(job))
}

/** Give a volume back. Run again, there is nothing to give. */
export const release = (backend: JobBackend, job: Job, volume: KnownVolume): Promise<void> =>
  releaseVolume(backend, volumeRef(backend, volume), job.id)
