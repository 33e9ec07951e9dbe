import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod'
import type { Core, DurableOptions, Run } from './durable-core.ts'
import { ErrorObject, type Execution, isOver, isoTime, type Operation } from './durable-model.ts'
import { pageOf } from './durable-page.ts'
import type { InvocationError, Outcome } from './functions.ts'
import type { ServiceFunction } from './service.ts'

/** What the durable SDK's handler answers. */
const InvocationOutput = z.object({
  Status: z.enum(['SUCCEEDED', 'FAILED', 'PENDING']),
  Result: z.string().nullish(),
  Error: ErrorObject.nullish(),
})

/** How long after an invocation that could not be written down it is made again, in milliseconds. */
const againMs = 1000

/** Doubling from one second to a minute. */
const doubling = (failures: number): number => Math.min(60_000, 1000 * 2 ** (failures - 1))

/** A change of the workflow, told as what it is: the SDK only sees that a replay no longer fits. */
const workflowChanged = (fn: ServiceFunction, { ErrorMessage }: ErrorObject): ErrorObject => ({
  ErrorType: 'WorkflowChanged',
  ErrorMessage:
    `the steps of ${fn.key} were changed while this execution was under way, and what it has done no longer fits them. ` +
    `Submit it again, or go on with the code it began with. (${ErrorMessage})`,
})

/** Something that will end by itself or from outside, and then have the execution invoked. */
const isAwaited = ({ Type, Status }: Operation): boolean => {
  if (isOver(Status) || Type === 'CONTEXT' || Type === 'EXECUTION') return false
  return Type === 'STEP' ? Status !== 'STARTED' : true
}

/** Invoking executions: with what they have done so far, and with what becomes of them by what they answer. */
export const durableInvocations = (core: Core, options: DurableOptions) => {
  const { functions, fingerprint = () => '', maxFailures = 12, retryDelayMs = doubling } = options
  const { pageBytes = 3 * 1024 * 1024 } = options
  const { store, runs, now, log, finish } = core

  const broken = (arn: string, ErrorMessage: string): void =>
    finish(arn, 'FAILED', { Error: { ErrorMessage, ErrorType: 'InvalidParameterValueException' } })

  const failed = (execution: Execution, { errorType, errorMessage }: InvocationError): void => {
    const failures = execution.failures + 1
    log('invocation failed', { execution: execution.arn, failures, type: errorType, reason: errorMessage })
    if (failures < maxFailures) store.update({ ...execution, failures, due: now() + retryDelayMs(failures) })
    else finish(execution.arn, 'FAILED', { Error: { ErrorType: errorType, ErrorMessage: errorMessage } })
  }

  const suspended = (execution: Execution): void => {
    const { arn } = execution
    // What came while it was ending, nobody has told it yet.
    if (store.changed(arn).length > 0) store.update({ ...execution, due: now(), failures: 0 })
    else if (store.operations(arn).some(({ operation }) => isAwaited(operation))) {
      store.update({ ...execution, due: null, failures: 0 })
    } else broken(arn, 'Cannot return PENDING status with no pending operations.')
  }

  const settle = (arn: string, fn: ServiceFunction, outcome: Outcome): void => {
    const execution = store.execution(arn)
    if (execution?.status !== 'RUNNING') return
    if (outcome.error) {
      failed(execution, outcome.error)
      return
    }
    const output = InvocationOutput.safeParse(outcome.result)
    if (!output.success) {
      broken(arn, 'Invalid Status in invocation output.')
      return
    }
    const { Status, Result, Error: reason } = output.data
    if (Status === 'PENDING') suspended(execution)
    else if (Status === 'SUCCEEDED') finish(arn, Status, Result == null ? {} : { Result })
    else {
      const unfit = reason?.ErrorType === 'NonDeterministicExecutionError'
      const changed = unfit && execution.fingerprint !== fingerprint(fn)
      finish(arn, Status, { Error: changed ? workflowChanged(fn, reason) : (reason ?? {}) })
    }
  }

  /** Invoke an execution now. Once it was stopped, superseded or has timed out, its answer counts for nothing. */
  const runAs = async (mine: Run, execution: Execution): Promise<void> => {
    const { arn, functionKey, qualifier } = execution
    const fn = functions.service.functions.get(functionKey)
    if (!fn) {
      runs.delete(arn)
      broken(arn, `function ${functionKey} is not in serverless.yml any more`)
      return
    }
    const limits = { maxItems: 1000, maxBytes: pageBytes }
    const event = {
      DurableExecutionArn: arn,
      CheckpointToken: mine.firstToken,
      InitialExecutionState: pageOf(store, arn, 0, limits, isoTime),
      UpdatedOperationIds: store.changed(arn).map(({ operation }) => operation.Id),
    }
    store.told(arn)
    const outcome = await functions.invoke(fn.key, event, { qualifier })
    if (runs.get(arn) !== mine) return
    runs.delete(arn)
    settle(arn, fn, outcome)
    core.soon()
  }

  /** What cannot be written down has not happened: it is invoked again, as after a kill. */
  const run = async (execution: Execution): Promise<void> => {
    const { arn } = execution
    const token = randomBytes(18).toString('base64url')
    const mine: Run = { token, firstToken: token }
    runs.set(arn, mine)
    try {
      await runAs(mine, execution)
    } catch (error) {
      log('invocation not kept', { execution: arn, reason: String(error) })
      await delay(againMs, undefined, { ref: false })
      if (runs.get(arn) === mine) runs.delete(arn)
      core.soon()
    }
  }

  return run
}
