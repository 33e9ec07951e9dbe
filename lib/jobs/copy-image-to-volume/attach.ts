import type { JobBackend } from '../backend.ts'
import type { JobOf } from '../document.ts'
import { refuseEncrypted } from '../encrypted.ts'
import { attachPart, awaitPart } from '../on-host/attach.ts'
import { detachPart } from '../on-host/detach.ts'
import { volumePart } from '../on-host/part.ts'

export type CopyImageJob = JobOf<'copy-image-to-volume'>

/** The volume the image is written on. */
export const target = (backend: JobBackend, job: CopyImageJob) =>
  volumePart(backend, job, job.input.volume, 'rw')

export const attachTarget = async (backend: JobBackend, job: CopyImageJob): Promise<void> => {
  refuseEncrypted(job.input.volume)
  await attachPart(job, target(backend, job))
}

export const awaitTarget = (backend: JobBackend, job: CopyImageJob): Promise<void> =>
  awaitPart(job, target(backend, job))

export const detachTarget = (backend: JobBackend, job: CopyImageJob): Promise<void> =>
  detachPart(job, target(backend, job))
