import * as z from 'zod'

/** Where a job stands. The last three are final. */
export const JobStatus = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled'])
export type JobStatus = z.infer<typeof JobStatus>

export const isFinal = (status: JobStatus): boolean => status !== 'queued' && status !== 'running'

/** Why a job or a step of it did not succeed, in the words of the closed list of errors. */
export const Failure = z.object({
  name: z.string(),
  message: z.string(),
  remedy: z.string().optional(),
  step: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
})
export type Failure = z.infer<typeof Failure>

/** Everything that changes about a job, beside the document that does not. */
export const JobRecord = z.object({
  id: z.string(),
  kind: z.string(),
  project: z.string(),
  backend: z.string(),
  hash: z.string(),
  input: z.record(z.string(), z.unknown()),
  status: JobStatus,
  /** The step it stands at, or ended with. */
  step: z.string().optional(),
  /** How often this step was begun. */
  attempts: z.int().default(0),
  doneBytes: z.int().default(0),
  totalBytes: z.int().default(0),
  bytesPerSecond: z.number().default(0),
  createdAt: z.string(),
  /** When it was last put on the queue. */
  queuedAt: z.string(),
  updatedAt: z.string(),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  cancelRequested: z.boolean().default(false),
  /** Ends the workflow's wait early. */
  callbackId: z.string().optional(),
  /** The agent's task that moves the bytes. */
  task: z.object({ host: z.string(), id: z.string() }).optional(),
  /** Why it failed; while it runs, why its step is being tried again; null once that is overcome. */
  error: Failure.nullish(),
  result: z.record(z.string(), z.unknown()).optional(),
})
export type JobRecord = z.infer<typeof JobRecord>

/** What may be changed; `undefined` leaves a field as it is. */
export type JobChange = Partial<
  Pick<
    JobRecord,
    | 'status'
    | 'step'
    | 'doneBytes'
    | 'totalBytes'
    | 'bytesPerSecond'
    | 'queuedAt'
    | 'startedAt'
    | 'finishedAt'
    | 'cancelRequested'
    | 'callbackId'
    | 'task'
    | 'error'
    | 'result'
  >
>

export interface JobRecords {
  get(id: string): Promise<JobRecord | undefined>
  /** @returns the record that is there: the given one, or an earlier one of the same id. */
  create(record: JobRecord): Promise<JobRecord>
  /** @returns the record after the change; undefined, with nothing changed, where its status is not among `when`. */
  change(id: string, change: JobChange, when: readonly JobStatus[]): Promise<JobRecord | undefined>
  /** A step begins, or begins again. @returns as {@link JobRecords.change}; undefined for a job that has ended. */
  begin(id: string, step: string, now: string): Promise<JobRecord | undefined>
  /** Newest first, after `marker`; of one status, or all. Eventually consistent on AWS. */
  list(options: {
    status?: JobStatus | undefined
    limit: number
    marker?: string | undefined
  }): Promise<JobRecord[]>
}

/** Percent of the bytes to move; undefined until their number is known. */
export const percentOf = ({ doneBytes, totalBytes }: Pick<JobRecord, 'doneBytes' | 'totalBytes'>) =>
  totalBytes === 0 ? undefined : Math.min(100, Math.round((doneBytes / totalBytes) * 1000) / 10)

/** What callers see of a job. */
export const jobView = (record: JobRecord) => {
  const { id, kind, project, status, step, attempts, doneBytes, totalBytes, bytesPerSecond } = record
  const running = status === 'running' && bytesPerSecond > 0
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
    etaSeconds: running ? Math.ceil((totalBytes - doneBytes) / bytesPerSecond) : undefined,
    attempts,
    cancelRequested: record.cancelRequested,
    createdAt: record.createdAt,
    startedAt: record.startedAt,
    updatedAt: record.updatedAt,
    finishedAt: record.finishedAt,
    input: record.input,
    error: record.error ?? undefined,
    result: record.result,
  }
}
export type JobView = ReturnType<typeof jobView>
