import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { JobId } from './document.ts'
import { type AgentNamed, withProgress } from './progress.ts'
import { type JobRecords, JobStatus, type JobView, jobView } from './record.ts'

export const GetJob = z.strictObject({ id: JobId })

/** @throws DriverError JobNotFound. */
export async function getJob(
  jobs: JobRecords,
  agentNamed: AgentNamed,
  { id }: z.infer<typeof GetJob>,
  deadline: number,
): Promise<JobView> {
  const record = await jobs.get(id)
  if (record === undefined) throw new DriverError('JobNotFound', `no job ${id}`)
  return jobView(await withProgress(record, agentNamed, deadline))
}

export const ListJobs = z.strictObject({
  status: JobStatus.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** The id of the last job of the page before. */
  marker: JobId.optional(),
})

/**
 * Newest first; what runs, with the agent's progress of this moment.
 *
 * @throws DriverError InvalidInput: the marker is no job. It would begin at the newest again, and never end.
 */
export async function listJobs(
  jobs: JobRecords,
  agentNamed: AgentNamed,
  { status, limit, marker }: z.infer<typeof ListJobs>,
  deadline: number,
): Promise<{ jobs: JobView[] }> {
  if (marker !== undefined && (await jobs.get(marker)) === undefined) {
    throw new DriverError('InvalidInput', `marker: there is no job ${marker}`, {
      remedy: 'Begin again without a marker.',
    })
  }
  const records = await jobs.list({ status, limit, marker })
  const current = await Promise.all(records.map((record) => withProgress(record, agentNamed, deadline)))
  return { jobs: current.map(jobView) }
}
