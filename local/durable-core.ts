import type { LogFields } from '../lib/log.ts'
import type { ErrorObject, Execution, ExecutionStatus, Operation } from './durable-model.ts'
import { isOver } from './durable-model.ts'
import { ended, whenDue } from './durable-operations.ts'
import { type DurableStore, openDurableStore } from './durable-store.ts'
import type { Functions } from './functions.ts'
import type { ServiceFunction } from './service.ts'

export interface DurableOptions {
  readonly functions: Functions
  /** The SQLite file that keeps the executions. */
  readonly path: string
  /** What a function's workflow is made of; a change of it is told to executions it breaks. */
  readonly fingerprint?: (fn: ServiceFunction) => string
  readonly now?: () => number
  /** How many invocations run at once. */
  readonly maxConcurrent?: number
  /** Failed invocations in a row, without a checkpoint between them, after which an execution has failed. */
  readonly maxFailures?: number
  /** Milliseconds before the next invocation, after `failures` in a row that failed. */
  readonly retryDelayMs?: (failures: number) => number
  /** About how many bytes of operations go in one page of state. */
  readonly pageBytes?: number
  readonly log?: (message: string, fields: LogFields) => void
}

/** How something ended: with a result or an error, as texts on the wire. */
export type Ended = { readonly Result?: string; readonly Error?: ErrorObject }

/** A running invocation; only the holder of its token may write. */
export interface Run {
  token: string
  readonly firstToken: string
  /** The last checkpoint, for a client that did not get its answer and asks again. */
  last?: { readonly token: string; readonly clientToken: string; readonly answer: object }
}

/** What everything about durable executions shares. */
export interface Core {
  readonly store: DurableStore
  /** Invocations under way, by their execution. */
  readonly runs: Map<string, Run>
  readonly now: () => number
  readonly log: (message: string, fields: LogFields) => void
  /** There may be something to invoke. */
  readonly soon: () => void
  /** End an execution, unless it has ended; whoever waits for it is told. */
  readonly finish: (arn: string, status: Exclude<ExecutionStatus, 'RUNNING'>, outcome: Ended) => void
  /** End an operation from outside its workflow, unless it has ended; its execution is invoked. */
  readonly endOperation: (arn: string, id: string, status: Operation['Status'], outcome: Ended) => void
  /** Let happen what was to happen by now: waits end, retries become ready, callbacks and executions time out. */
  readonly settleDue: () => void
  /** Wait for the end of an execution. */
  readonly finished: (arn: string) => Promise<Execution>
}

/** @param soon called when there may be something to invoke. */
export const durableCore = (options: DurableOptions, soon: () => void): Core => {
  const { now = Date.now, log = () => undefined } = options
  const store = openDurableStore(options.path)
  const runs = new Map<string, Run>()
  const waiters = new Map<string, ((execution: Execution) => void)[]>()

  const wake = (arn: string): void => {
    const execution = store.execution(arn)
    if (execution?.status === 'RUNNING' && execution.due === null) store.update({ ...execution, due: now() })
  }

  const endOperation: Core['endOperation'] = (arn, id, status, outcome) => {
    const operation = store.operation(arn, id)
    if (!operation || isOver(operation.Status)) return
    store.atomically(() => {
      store.put(arn, ended(operation, status, outcome, now()), false)
      wake(arn)
    })
    soon()
  }

  const finish: Core['finish'] = (arn, status, outcome) => {
    const execution = store.execution(arn)
    if (execution?.status !== 'RUNNING') return
    const error = outcome.Error ? JSON.stringify(outcome.Error) : null
    const done = { ...execution, status, result: outcome.Result ?? null, error, endedAt: now(), due: null }
    const { parentArn, parentOperation } = execution
    store.atomically(() => {
      store.update(done)
      store.quieten(arn)
      if (parentArn !== null && parentOperation !== null) {
        endOperation(parentArn, parentOperation, status, outcome)
      }
    })
    log('execution ended', { execution: arn, status, reason: outcome.Error?.ErrorMessage })
    for (const resolve of waiters.get(arn) ?? []) resolve(done)
    waiters.delete(arn)
  }

  return {
    store,
    runs,
    now,
    log,
    soon,
    finish,
    endOperation,
    settleDue() {
      const time = now()
      store.atomically(() => {
        for (const { arn, operation } of store.operationsDueBy(time)) {
          store.put(arn, whenDue(operation, time), false)
          wake(arn)
        }
        for (const { arn, deadline, startedAt } of store.overdueBy(time)) {
          runs.delete(arn)
          const ErrorMessage = `the execution took longer than the ${Math.round((deadline - startedAt) / 1000)} s it may`
          finish(arn, 'TIMED_OUT', { Error: { ErrorMessage, ErrorType: 'Execution.Timeout' } })
        }
      })
    },
    finished(arn) {
      const execution = store.execution(arn)
      if (execution && execution.status !== 'RUNNING') return Promise.resolve(execution)
      return new Promise((resolve) => waiters.set(arn, [...(waiters.get(arn) ?? []), resolve]))
    },
  }
}
