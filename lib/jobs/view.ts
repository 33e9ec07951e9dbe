import type { JobRecord } from './record.ts'

/** Percent of the bytes to move; undefined until their number is known. */
export const percentOf = ({ doneBytes, totalBytes }: Pick<JobRecord, 'doneBytes' | 'totalBytes'>) =>
  totalBytes === 0 ? undefined : Math.min(100, Math.round((doneBytes / totalBytes) * 1000) / 10)

/** Seconds until all bytes are moved, by the rate of the last moments; undefined where none move. */
export const etaOf = (
  record: Pick<JobRecord, 'status' | 'doneBytes' | 'totalBytes' | 'bytesPerSecond'> | undefined,
): number | undefined =>
  record?.status === 'running' && record.bytesPerSecond > 0
    ? Math.ceil((record.totalBytes - record.doneBytes) / record.bytesPerSecond)
    : undefined

/** Each step ends where the next begins. */
const timings = ({ steps, finishedAt }: JobRecord) =>
  steps.map((step, n) => ({ ...step, endedAt: steps[n + 1]?.startedAt ?? finishedAt }))

/** What callers see of a job. */
export const jobView = (record: JobRecord) => {
  const { id, kind, project, status, step, attempts, doneBytes, totalBytes, bytesPerSecond } = record
  return {
    id,
    kind,
    project,
    status,
    step,
    percent: status === 'succeeded' ? 100 : percentOf(record),
    doneBytes,
    totalBytes,
    bytesPerSecond: Math.round(bytesPerSecond),
    etaSeconds: etaOf(record),
    attempts,
    waiting: record.waiting ?? undefined,
    cancelRequested: record.cancelRequested,
    createdAt: record.createdAt,
    startedAt: record.startedAt,
    updatedAt: record.updatedAt,
    finishedAt: record.finishedAt,
    steps: timings(record),
    input: record.input,
    error: record.error ?? undefined,
    result: record.result,
  }
}
export type JobView = ReturnType<typeof jobView>
