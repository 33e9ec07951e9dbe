import { type DurableContext, StepError } from '@aws/durable-execution-sdk-js'
import { httpStatus } from '../errors.ts'
import type { JobBackend } from './backend.ts'
import type { JobKind, JobOf } from './document.ts'
import { failureOf } from './failure.ts'
import type { Failure, Within } from './record.ts'
import { retryStrategy, TRIES } from './retry.ts'

/** A step of a job: runs again from the same document as often as it has to. */
export type Step<Kind extends JobKind, Result = unknown> = (
  backend: JobBackend,
  job: JobOf<Kind>,
) => Promise<Result>

/** A backend for one step, with the deadline of the invocation it runs in. */
export type BackendFor<Kind extends JobKind> = (
  lambdaContext: DurableContext['lambdaContext'],
  job: JobOf<Kind>,
) => Promise<JobBackend>

/** What the names of steps that undo begin with. */
export const UNDOING = 'undo: '

/** A step that failed for good. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

export interface StepOptions {
  /** Cleaning up goes on where the work itself does not. */
  readonly evenIfCancelled?: boolean
  /** One more asking of the same step, or the job's end: no new attempt at a step. */
  readonly again?: boolean
  /** What ends the wait that follows. */
  readonly callbackId?: string
  /** Its answer is kept: what comes later, or undoes it, may depend on it. */
  readonly answers?: boolean
}

const cancelled = (job: { readonly id: string }, step: string): Failure => ({
  name: 'Cancelled',
  message: `job ${job.id} was cancelled`,
  step,
})

type Outcome<Result> = { readonly result: Result } | { readonly failure: Failure }

/** Runs steps of a job in a durable execution: what each is at is in the job's record, and why it is tried again. */
export const stepsOf = <Kind extends JobKind>(
  context: DurableContext,
  job: JobOf<Kind>,
  backendFor: BackendFor<Kind>,
) => {
  const execution = context.executionContext.durableExecutionArn
  let answered: Within['answered']

  /** @param name unique in the workflow. @param shown what the record says the job stands at. */
  return async <Result>(
    name: string,
    shown: string,
    run: Step<Kind, Result>,
    options: StepOptions = {},
  ): Promise<Result> => {
    const { evenIfCancelled = false, again = false, callbackId, answers = false } = options
    const within = { execution, answered }

    const attempt = async (): Promise<Outcome<Result>> => {
      let backend: JobBackend | undefined
      try {
        backend = await backendFor(context.lambdaContext, job)
        const begun = again
          ? undefined
          : await backend.jobs.begin(job.id, shown, new Date().toISOString(), within)
        const record =
          callbackId === undefined ? begun : await backend.jobs.change(job.id, { callbackId }, ['running'])
        if ((record === undefined || record.cancelRequested) && !evenIfCancelled) {
          return { failure: cancelled(job, shown) }
        }
        const result = await run(backend, job)
        if (record?.error && !evenIfCancelled) await backend.jobs.change(job.id, { error: null }, ['running'])
        return { result }
      } catch (error) {
        const { retry, ...what } = failureOf(error)
        const failure = { ...what, step: shown }
        if (retry) {
          // Whoever looks at the job meanwhile sees what it is waiting for.
          await backend?.jobs.change(job.id, { error: failure }, ['running']).catch(() => undefined)
          throw error
        }
        // A cancel takes away what a step is at work with: that is no failure of the step.
        const now = evenIfCancelled ? undefined : await backend?.jobs.get(job.id)
        return { failure: now?.cancelRequested ? cancelled(job, shown) : failure }
      }
    }

    const outcome = await context
      .step(name, attempt, { retryStrategy })
      .catch((error: unknown): Outcome<Result> => {
        if (!(error instanceof StepError)) throw error
        const { name: last, message } = error.cause ?? error
        const known = Object.hasOwn(httpStatus, last) ? last : 'BackendUnavailable'
        return { failure: { name: known, message: `${message} (after ${TRIES} tries)`, step: shown } }
      })
    if ('failure' in outcome) throw new StepFailed(outcome.failure)
    const { result } = outcome
    if (answers && result !== undefined) answered = { step: name, answer: result }
    return result
  }
}

export type RunStep<Kind extends JobKind> = ReturnType<typeof stepsOf<Kind>>
