import type { DurableContext } from '@aws/durable-execution-sdk-js'
import type { JobKind, JobOf } from './document.ts'
import { standInLine, turnName } from './line.ts'
import { askAgainSeconds, askEarlySeconds, ROUNDS } from './retry.ts'
import type { Undoing } from './run.ts'
import { type RunStep, type Step, StepFailed } from './step.ts'
import { etaOf } from './view.ts'

/** What a workflow's page is written with. */
export interface Steps<Kind extends JobKind> {
  /** Do this once, trying again while the fault may pass. Later tries find what earlier ones did. */
  readonly step: <Result>(name: string, run: Step<Kind, Result>) => Promise<Result>
  /** Ask until it is so. Between askings the workflow costs nothing; a cancel ends the wait at once. */
  readonly until: (name: string, ask: Step<Kind, boolean>) => Promise<void>
  /**
   * Stand in line until this host may take one more task; the turn is given back at the job's end, whatever the end.
   * One host per job: of two jobs that each have what the other waits for, neither would ever go on. A job that names
   * none waits for none.
   */
  readonly turn: (hostOf: (job: JobOf<Kind>) => string | undefined) => Promise<void>
  /** Should the job fail or be cancelled from here on, this runs; the last named, first. */
  readonly compensate: (name: string, run: Step<Kind>) => void
}

/** The order of a job's steps. */
export type Page<Kind extends JobKind> = (steps: Steps<Kind>) => Promise<void>

export interface Undo<Kind extends JobKind> {
  readonly name: string
  readonly run: Step<Kind>
}

type Doing<Kind extends JobKind> = Omit<Steps<Kind>, 'compensate'>

/** An asking that also says when the bytes will all be moved, by what it noted of them. */
const asked =
  <Kind extends JobKind>(ask: Step<Kind, boolean>): Step<Kind, { isSo: boolean; etaSeconds?: number }> =>
  async (backend, job) => {
    if (await ask(backend, job)) return { isSo: true }
    const etaSeconds = etaOf(await backend.jobs.get(job.id))
    return { isSo: false, ...(etaSeconds !== undefined && { etaSeconds }) }
  }

/** A page's words as they do what they say. @param hosts takes those whose turn is waited for. */
export const live = <Kind extends JobKind>(
  context: DurableContext,
  job: JobOf<Kind>,
  runStep: RunStep<Kind>,
  hosts: string[],
): Doing<Kind> => ({
  step: (name, run) => runStep(name, name, run, { answers: true }),

  async until(name, ask) {
    const asking = asked(ask)
    let early = 0
    let eta: number | undefined
    let waited = 0
    for (let round = 0; round < ROUNDS; round++) {
      const usual = askAgainSeconds(round)
      const seconds = Math.min(usual, askEarlySeconds(early, eta, waited))
      if (seconds < usual) early += 1
      const [woken, callbackId] = await context.createCallback(`${name}: wait ${round}`, {
        timeout: { seconds },
      })
      const options = { callbackId, again: round > 0 }
      const { isSo, etaSeconds } = await runStep(`${name}: ask ${round}`, name, asking, options)
      if (isSo) return
      ;[eta, waited] = [etaSeconds, seconds]
      await woken.catch(() => 'the time-out is the signal to ask')
    }
    throw new StepFailed({ name: 'VolumeBackendError', message: `${name}: it took too long`, step: name })
  },

  async turn(hostOf) {
    const host = hostOf(job)
    if (host === undefined) return
    hosts.push(host)
    await standInLine(context, runStep, host)
  },
})

/** What was kept under a step's name is what that step answered, through JSON, which has no functions. */
const isAnswer = <Result>(kept: unknown): kept is Result => typeof kept !== 'function'

/**
 * A page's words that only find the way: up to the step where a lost execution stood, answered as it was then. What
 * is to be undone is known when that is reached.
 */
export const retraced = <Kind extends JobKind>(
  job: JobOf<Kind>,
  lost: Undoing['lost'],
  hosts: string[],
): Doing<Kind> => {
  const pass = (name: string): void => {
    if (name === lost.step) throw new StepFailed(lost.error)
  }
  return {
    async step<Result>(name: string) {
      pass(name)
      const answer = lost.answers[name]
      if (isAnswer<Result>(answer)) return answer
      throw new StepFailed(lost.error)
    },
    until: async (name) => pass(name),
    async turn(hostOf) {
      const host = hostOf(job)
      if (host === undefined) return
      hosts.push(host)
      pass(turnName(host))
    },
  }
}
