import * as z from 'zod'
import type { AgentClient } from '../agent/http.ts'
import { DriverError } from '../errors.ts'
import { JobId } from './document.ts'
import { withProgress } from './progress.ts'
import { type JobRecords, JobStatus, type JobView, jobView } from './record.ts'

export const GetJob = z.strictObject({ id: JobId })

/** @throws DriverError JobNotFound. */
export async function getJob(
  jobs: JobRecords,
  agentNamed: (host: string) => Promise<AgentClient | undefined>,
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

/** Newest first. */
export async function listJobs(
  jobs: JobRecords,
  { status, limit, marker }: z.infer<typeof ListJobs>,
): Promise<{ jobs: JobView[] }> {
  return { jobs: (await jobs.list({ status, limit, marker })).map(jobView) }
}
