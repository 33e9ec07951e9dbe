import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { JobId } from './document.ts'
import { type Present, withProgress } from './progress.ts'
import { type JobRecords, JobStatus } from './record.ts'
import { type JobView, jobView } from './view.ts'

export const GetJob = z.strictObject({ id: JobId })

export interface Reading {
  /** Epoch milliseconds. */
  readonly deadline: number
  /** The project whose jobs alone are there for who asks; undefined: all. */
  readonly within?: string | undefined
}

/** @throws DriverError JobNotFound: also for another project's, where who asks is in one. */
export async function getJob(
  jobs: JobRecords,
  present: Present,
  { id }: z.infer<typeof GetJob>,
  { deadline, within }: Reading,
): Promise<JobView> {
  const record = await jobs.get(id)
  if (record === undefined || (within ?? record.project) !== record.project) {
    throw new DriverError('JobNotFound', `no job ${id}`)
  }
  return jobView(await withProgress(record, present, deadline))
}

export const ListJobs = z.strictObject({
  status: JobStatus.optional(),
  project: z.string().min(1).max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** The id of the last job of the page before. */
  marker: JobId.optional(),
})

/**
 * Newest first; what runs, with its progress of this moment.
 *
 * @throws DriverError InvalidInput: the marker is no job. It would begin at the newest again, and never end.
 */
export async function listJobs(
  jobs: JobRecords,
  present: Present,
  { status, project, limit, marker }: z.infer<typeof ListJobs>,
  { deadline, within }: Reading,
): Promise<{ jobs: JobView[] }> {
  if (project !== undefined && (within ?? project) !== project) return { jobs: [] }
  const last = marker === undefined ? undefined : await jobs.get(marker)
  if (marker !== undefined && (last === undefined || (within ?? last.project) !== last.project)) {
    throw new DriverError('InvalidInput', `marker: there is no job ${marker}`, {
      remedy: 'Begin again without a marker.',
    })
  }
  const records = await jobs.list({ status, project: project ?? within, limit, marker })
  const current = await Promise.all(records.map((record) => withProgress(record, present, deadline)))
  return { jobs: current.map(jobView) }
}
