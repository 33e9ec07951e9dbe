import * as z from 'zod'
import { KnownSnapshot, KnownVolume } from '../../driver/model.ts'
import type { JobBackend } from '../backend.ts'
import type { JobOf } from '../document.ts'
import { refuseEncrypted } from '../encrypted.ts'
import { freeze, frozenName, thaw } from '../frozen.ts'
import { attachPart, awaitPart } from './attach.ts'
import { detachPart } from './detach.ts'
import { snapshotPart } from './part.ts'

/** What a job reads: a volume as it is when the job begins, or as one of its snapshots has it. */
export const Source = z.strictObject({
  volume: KnownVolume,
  /** Without one, the job takes its own and removes it afterwards. */
  snapshot: KnownSnapshot.optional(),
})

type ReadingJob = JobOf<'copy-volume-to-image' | 'backup-volume'>

/** Always a snapshot: what is read is one point in time. */
export const source = (backend: JobBackend, job: ReadingJob) =>
  snapshotPart(backend, job, job.input.snapshot ?? frozenName(backend, job))

export const freezeSource = async (backend: JobBackend, job: ReadingJob): Promise<void> => {
  refuseEncrypted(job.input.volume)
  if (job.input.snapshot === undefined) await freeze(backend, job, job.input.volume)
}

export const attachSource = (backend: JobBackend, job: ReadingJob): Promise<void> =>
  attachPart(job, source(backend, job))

export const awaitSource = (backend: JobBackend, job: ReadingJob): Promise<void> =>
  awaitPart(job, source(backend, job))

export const detachSource = (backend: JobBackend, job: ReadingJob): Promise<void> =>
  detachPart(job, source(backend, job))

export const thawSource = (backend: JobBackend, job: ReadingJob): Promise<void> => thaw(backend, job)
