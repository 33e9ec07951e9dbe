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

/** A job whose execution ended outside of its workflow: where that stood, and why it ended. */
export const Lost = z.object({
  step: z.string().optional(),
  error: Failure,
  /** Executions begun to undo what it did. */
  tries: z.int().default(1),
})
export type Lost = z.infer<typeof Lost>

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
  /** Every step it came to, in order. */
  steps: z.array(z.object({ name: z.string(), startedAt: z.string() })).default([]),
  /** What steps answered that a later one, or an undoing, needs to know. */
  answers: z.record(z.string(), z.unknown()).default({}),
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
  /** The line it stands in, and how many jobs have to end before it is its turn. */
  waiting: z.object({ host: z.string(), ahead: z.int() }).nullish(),
  /** The durable execution that runs it. */
  execution: z.string().optional(),
  /** When that was last asked about, because nothing was heard of it. */
  checkedAt: z.string().optional(),
  lost: Lost.optional(),
  /** Ends the workflow's wait early. */
  callbackId: z.string().optional(),
  /** The agent's task that moves the bytes. */
  task: z
    .object({
      host: z.string(),
      id: z.string(),
      /** How often it was begun again after a fault that may pass. */
      again: z.int().optional(),
    })
    .optional(),
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
    | 'waiting'
    | 'execution'
    | 'checkedAt'
    | 'lost'
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
  /**
   * A step begins, or begins again.
   *
   * @returns as {@link JobRecords.change}; undefined for a job that has ended.
   */
  begin(id: string, step: string, now: string, within?: Within): Promise<JobRecord | undefined>
  /** Newest first unless said, after `marker`; of one status and project, or all. Eventually consistent on AWS. */
  list(options: ListOptions): Promise<JobRecord[]>
}

/** What is noted as a step begins. */
export interface Within {
  /** The durable execution it runs in. */
  readonly execution: string
  /** What an earlier step answered: kept now, as nobody needs it before. */
  readonly answered?: { readonly step: string; readonly answer: unknown } | undefined
}

export interface ListOptions {
  readonly status?: JobStatus | undefined
  readonly project?: string | undefined
  readonly limit: number
  readonly marker?: string | undefined
  readonly oldestFirst?: boolean
}
