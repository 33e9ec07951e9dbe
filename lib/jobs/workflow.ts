import { type DurableContext, StepError, withDurableExecution } from '@aws/durable-execution-sdk-js'
import { httpStatus } from '../errors.ts'
import type { JobBackend } from './backend.ts'
import { JobDocument, type JobKind, type JobOf } from './document.ts'
import { failureOf, isTurnToCome } from './failure.ts'
import type { Failure } from './record.ts'

/** A step of a job: runs again from the same document as often as it has to. */
export type Step<Kind extends JobKind, Result = unknown> = (
  backend: JobBackend,
  job: JobOf<Kind>,
) => Promise<Result>

/** What a workflow's page is written with. */
export interface Steps<Kind extends JobKind> {
  /** Do this once, trying again while the fault may pass. Later tries find what earlier ones did. */
  readonly step: <Result>(name: string, run: Step<Kind, Result>) => Promise<Result>
  /** Ask until it is so. Between askings the workflow costs nothing; a cancel ends the wait at once. */
  readonly until: (name: string, ask: Step<Kind, boolean>) => Promise<void>
  /** Should the job fail or be cancelled from here on, this runs; the last named, first. */
  readonly compensate: (name: string, run: Step<Kind>) => void
}

/** Tries of one step: with the waits below, about ten minutes of a cluster or an agent that is away. */
const TRIES = 25
/** Tries of a step whose turn has not come: until the execution itself is out of time. */
const TURNS = 50_000
const tryAgainSeconds = (attempt: number): number => Math.min(30, 2 ** (attempt - 1))

/** Whether a step that failed for now is tried again, and when. */
export const retryStrategy = (error: unknown, attempt: number) =>
  attempt < (isTurnToCome(error) ? TURNS : TRIES)
    ? { shouldRetry: true, delay: { seconds: tryAgainSeconds(attempt) } }
    : { shouldRetry: false }

/** Waits between askings grow from 1 to 30 s, and later to 10 min: an execution may have few operations. */
const askAgainSeconds = (round: number): number => (round < 120 ? Math.min(30, 1 + round) : 600)
const ROUNDS = 220

/** A backend for one step, with the deadline of the invocation it runs in. */
export type BackendFor<Kind extends JobKind> = (
  lambdaContext: DurableContext['lambdaContext'],
  job: JobOf<Kind>,
) => Promise<JobBackend>

/** A step that failed for good. */
class StepFailed extends Error {
  override readonly name = 'StepFailed'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

const cancelled = (job: { readonly id: string }, step: string): Failure => ({
  name: 'Cancelled',
  message: `job ${job.id} was cancelled`,
  step,
})

type Outcome<Result> = { readonly result: Result } | { readonly failure: Failure }

/**
 * A job's workflow as a durable function: it orders steps, waits, and undoes. It is replayed from its
 * checkpoints, so nothing outside a step may look at a clock, make an id or talk to anybody.
 *
 * @param kind whose documents it takes.
 */
export const workflow = <Kind extends JobKind>(
  kind: Kind,
  page: (steps: Steps<Kind>) => Promise<void>,
  backendFor: BackendFor<Kind>,
) => {
  const isMine = (job: JobDocument): job is JobOf<Kind> => job.kind === kind

  return withDurableExecution(async (event: unknown, context: DurableContext) => {
    const job = JobDocument.parse(event)
    if (!isMine(job)) throw new Error(`job ${job.id} is a ${job.kind}, not a ${kind}`)
    const undo: { name: string; run: Step<Kind> }[] = []
    const runStep = steps(context, job, backendFor)

    const until: Steps<Kind>['until'] = async (name, ask) => {
      for (let round = 0; round < ROUNDS; round++) {
        const [woken, callbackId] = await context.createCallback(`${name}: wait ${round}`, {
          timeout: { seconds: askAgainSeconds(round) },
        })
        const isSo = await runStep(`${name}: ask ${round}`, name, ask, { callbackId, again: round > 0 })
        if (isSo) return
        await woken.catch(() => 'the time-out is the signal to ask')
      }
      throw new StepFailed({ name: 'VolumeBackendError', message: `${name}: it took too long`, step: name })
    }

    try {
      await page({
        step: (name, run) => runStep(name, name, run),
        until,
        compensate: (name, run) => undo.push({ name, run }),
      })
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error
      const left: Failure[] = []
      for (const { name, run } of undo.reverse()) {
        try {
          await runStep(`undo: ${name}`, name, run, { evenIfCancelled: true })
        } catch (fault) {
          if (!(fault instanceof StepFailed)) throw fault
          left.push(fault.failure)
        }
      }
      return runStep('end', error.failure.step ?? 'end', end(error.failure, left), { evenIfCancelled: true })
    }
    return runStep('end', 'done', end(), { evenIfCancelled: true })
  })
}

interface StepOptions {
  /** Cleaning up goes on where the work itself does not. */
  readonly evenIfCancelled?: boolean
  /** One more asking of the same step, which is no new attempt at it. */
  readonly again?: boolean
  /** What ends the wait that follows. */
  readonly callbackId?: string
}

const steps =
  <Kind extends JobKind>(context: DurableContext, job: JobOf<Kind>, backendFor: BackendFor<Kind>) =>
  /** @param name unique in the workflow. @param shown what the record says the job stands at. */
  async <Result>(
    name: string,
    shown: string,
    run: Step<Kind, Result>,
    { evenIfCancelled = false, again = false, callbackId }: StepOptions = {},
  ): Promise<Result> => {
    const outcome = await context
      .step(
        name,
        async (): Promise<Outcome<Result>> => {
          let backend: JobBackend | undefined
          try {
            backend = await backendFor(context.lambdaContext, job)
            const begun = again
              ? undefined
              : await backend.jobs.begin(job.id, shown, new Date().toISOString())
            const record =
              callbackId === undefined
                ? begun
                : await backend.jobs.change(job.id, { callbackId }, ['running'])
            if ((record === undefined || record.cancelRequested) && !evenIfCancelled) {
              return { failure: cancelled(job, shown) }
            }
            const result = await run(backend, job)
            if (record?.error && !evenIfCancelled)
              await backend.jobs.change(job.id, { error: null }, ['running'])
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
        },
        { retryStrategy },
      )
      .catch((error: unknown): Outcome<Result> => {
        if (!(error instanceof StepError)) throw error
        const { name: last, message } = error.cause ?? error
        const name = Object.hasOwn(httpStatus, last) ? last : 'BackendUnavailable'
        return { failure: { name, message: `${message} (after ${TRIES} tries)`, step: shown } }
      })
    if ('failure' in outcome) throw new StepFailed(outcome.failure)
    return outcome.result
  }

/** The last word in the record. What could not be undone is said beside the first failure. */
const end =
  (failure?: Failure, left: readonly Failure[] = []) =>
  async (backend: JobBackend, job: { readonly id: string }) => {
    const finishedAt = new Date().toISOString()
    const change =
      failure === undefined
        ? { status: 'succeeded' as const, bytesPerSecond: 0, finishedAt }
        : {
            status: failure.name === 'Cancelled' ? ('cancelled' as const) : ('failed' as const),
            bytesPerSecond: 0,
            finishedAt,
            error: left.length === 0 ? failure : { ...failure, details: { ...failure.details, left } },
          }
    await backend.jobs.change(job.id, change, ['queued', 'running'])
    return { status: change.status }
  }
