import { DriverError } from '../errors.ts'
import { isFinal, type JobRecord, type JobRecords } from './record.ts'

export interface Cancelling {
  readonly jobs: JobRecords
  /** Tell the agent to stop the task at once. */
  stopTask(task: { host: string; id: string }): Promise<void>
  /** End the workflow's wait. */
  wake(callbackId: string): Promise<void>
  now(): string
}

/**
 * Cancel a job. One that has not begun ends here; a running one is marked, its bytes stop moving, and its
 * workflow cleans up. A job that has ended stays as it ended.
 *
 * @throws DriverError JobNotFound.
 */
export async function cancelJob(to: Cancelling, id: string): Promise<JobRecord> {
  const unbegun = await to.jobs.change(
    id,
    { status: 'cancelled', cancelRequested: true, finishedAt: to.now() },
    ['queued'],
  )
  if (unbegun !== undefined) return unbegun
  const marked = await to.jobs.change(id, { cancelRequested: true }, ['running'])
  const record = marked ?? (await to.jobs.get(id))
  if (record === undefined) throw new DriverError('JobNotFound', `no job ${id}`)
  if (isFinal(record.status)) return record
  if (record.task !== undefined) await to.stopTask(record.task)
  if (record.callbackId !== undefined) await to.wake(record.callbackId)
  return record
}
