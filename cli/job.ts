import * as z from 'zod'

/** What the API says of a job, as far as this program shows it; the rest is kept for `--json`. */
export const Job = z.looseObject({
  id: z.string(),
  kind: z.string(),
  project: z.string(),
  status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  step: z.string().optional(),
  percent: z.number().optional(),
  doneBytes: z.number(),
  totalBytes: z.number(),
  bytesPerSecond: z.number(),
  etaSeconds: z.number().optional(),
  attempts: z.number(),
  waiting: z.object({ host: z.string(), ahead: z.number() }).optional(),
  cancelRequested: z.boolean(),
  createdAt: z.string(),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  steps: z.array(z.object({ name: z.string(), startedAt: z.string(), endedAt: z.string().optional() })),
  input: z.record(z.string(), z.unknown()),
  error: z
    .looseObject({
      name: z.string(),
      message: z.string(),
      remedy: z.string().optional(),
      step: z.string().optional(),
    })
    .optional(),
  result: z.record(z.string(), z.unknown()).optional(),
})
export type Job = z.infer<typeof Job>

export const hasEnded = ({ status }: Job): boolean => status !== 'queued' && status !== 'running'

/** The path of a job; an id that is none would be another path. */
export const pathOf = (id: string): string => `/jobs/${encodeURIComponent(id)}`

/** What it stands at, with what it waits for. */
export const standing = ({ status, step = '', waiting, cancelRequested }: Job): string => {
  if (status === 'queued') return 'in the queue'
  if (waiting !== undefined) {
    const { ahead } = waiting
    return `${step}, ${ahead === 1 ? '1 job' : `${ahead} jobs`} ahead`
  }
  return cancelRequested && status === 'running' ? `${step}, being cancelled` : step
}

/** Why it failed, or is being tried again, with what can be done. */
export const reasonLines = ({ error }: Job): string[] =>
  error === undefined
    ? []
    : [
        `${error.name}: ${error.message}${error.step === undefined ? '' : ` (in: ${error.step})`}`,
        ...(error.remedy === undefined ? [] : [error.remedy]),
      ]
