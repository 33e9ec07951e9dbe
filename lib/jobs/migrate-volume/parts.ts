import { DriverError } from '../../errors.ts'
import type { JobBackend } from '../backend.ts'
import { asJob } from '../claim.ts'
import { type HostJob, type Part, volumePart } from '../on-host/part.ts'
import type { Moving } from '../relocation.ts'
import type { Copy, MigrateJob } from './take.ts'

/** The job as those see it who work on its host. */
export function onHost({ id, input: { host } }: MigrateJob): HostJob {
  if (host === undefined) throw new DriverError('InvalidInput', 'no host is named to copy on')
  return { id, input: { host } }
}

/**
 * The volume that is read. Only its data is read; held for writing, it is nobody else's, so that nothing is written on it
 * that would be missing on the other one.
 */
export const source = (backend: JobBackend, job: MigrateJob, { globalId }: Moving): Part =>
  volumePart(
    asJob(backend, job),
    job,
    { id: job.input.volume.id, provider_location: globalId },
    'rw',
    'source',
  )

/** The volume that is written. Its name is still the other one's, so nobody is to find it by that in the book. */
export async function target(
  backend: JobBackend,
  job: MigrateJob,
  { to }: Copy,
  { globalId }: Moving,
): Promise<Part> {
  const other = await backend.at(to)
  const attachments = { ...other.attachments, note: async () => undefined }
  const volume = { id: job.input.volume.id, provider_location: globalId }
  return volumePart({ ...asJob(other, job), attachments }, job, volume, 'rw')
}
