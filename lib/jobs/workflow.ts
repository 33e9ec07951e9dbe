import { type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js'
import type { JobKind, JobOf } from './document.ts'
import { endOf } from './end.ts'
import { live, type Page, retraced, type Undo } from './pages.ts'
import type { Failure } from './record.ts'
import { runOf } from './run.ts'
import { type BackendFor, StepFailed, stepsOf, UNDOING } from './step.ts'

export type { Steps } from './pages.ts'
export type { BackendFor, Step } from './step.ts'

/**
 * A job's workflow as a durable function: it orders steps, waits, and undoes. It is replayed from its
 * checkpoints, so nothing outside a step may look at a clock, make an id or talk to anybody.
 *
 * Given a job whose execution was lost, it walks the page as far as that came, doing nothing, and undoes it.
 *
 * @param kind whose documents it takes.
 */
export const workflow = <Kind extends JobKind>(
  kind: Kind,
  page: Page<Kind>,
  backendFor: BackendFor<Kind>,
) => {
  const isMine = (job: { readonly kind: JobKind }): job is JobOf<Kind> => job.kind === kind

  return withDurableExecution(async (event: unknown, context: DurableContext) => {
    const { document: job, lost } = runOf(event)
    if (!isMine(job)) throw new Error(`job ${job.id} is a ${job.kind}, not a ${kind}`)
    const runStep = stepsOf(context, job, backendFor)
    const undo: Undo<Kind>[] = []
    const hosts: string[] = []

    const end = (failure?: Failure, left?: readonly Failure[]) =>
      runStep('end', 'end', endOf(hosts, failure, left), { evenIfCancelled: true, again: true })

    try {
      const steps = lost === undefined ? live(context, job, runStep, hosts) : retraced(job, lost, hosts)
      await page({ ...steps, compensate: (name, run) => undo.push({ name, run }) })
      if (lost !== undefined) throw new StepFailed(lost.error)
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error
      const left: Failure[] = []
      for (const { name, run } of undo.reverse()) {
        try {
          await runStep(UNDOING + name, UNDOING + name, run, { evenIfCancelled: true })
        } catch (fault) {
          if (!(fault instanceof StepFailed)) throw fault
          left.push(fault.failure)
        }
      }
      return end(error.failure, left)
    }
    return end()
  })
}
