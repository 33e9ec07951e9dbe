import { randomUUID } from 'node:crypto'
import { type Checkpoint, checkpoint, staleToken } from './durable-checkpoint.ts'
import { type DurableOptions, durableCore, type Ended } from './durable-core.ts'
import { durableInvocations } from './durable-invoke.ts'
import { type ErrorObject, type Execution, epochSeconds, type Operation } from './durable-model.ts'
import { invalid, LambdaApiError } from './durable-operations.ts'
import { type Page, pageOf } from './durable-page.ts'
import type { ExecutionQuery } from './durable-store.ts'
import { findFunction } from './function-name.ts'
import { functionArn } from './functions.ts'
import type { ServiceFunction } from './service.ts'
import { workClock } from './work-clock.ts'

export type { DurableOptions } from './durable-core.ts'

export interface StartExecution {
  readonly fn: ServiceFunction
  readonly qualifier: string
  /** JSON. */
  readonly input: string
  readonly name?: string
  readonly parent?: { readonly arn: string; readonly operation: string }
}

const notFound = (what: string) =>
  new LambdaApiError('ResourceNotFoundException', 404, `${what} does not exist.`)

/**
 * Durable executions as Lambda runs them: each checkpoint is on disk before it is answered, and an execution is
 * invoked again when something it waits for has come, when its invocation failed, and after a restart where it stood.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
 * @see @aws/durable-execution-sdk-js-testing 1.1.4, checkpoint-server
 */
export const openDurable = (options: DurableOptions) => {
  const { functions, fingerprint = () => '', maxConcurrent = 32, pageBytes = 3 * 1024 * 1024 } = options
  const { service } = functions

  const look = (): number | undefined => {
    core.settleDue()
    for (const execution of store.readyBy(core.now(), maxConcurrent + runs.size)) {
      if (runs.size >= maxConcurrent) break
      if (!runs.has(execution.arn)) void run(execution)
    }
    const next = store.nextDue(core.now())
    return next === undefined ? undefined : next - core.now()
  }
  const clock = workClock(look, (error) => core.log('durable executions', { reason: String(error) }))
  const core = durableCore(options, clock.soon)
  const { store, runs, now } = core
  const run = durableInvocations(core, options)

  const get = (arn: string): Execution => {
    const execution = store.execution(arn)
    if (!execution) throw notFound(arn)
    return execution
  }

  const start = ({ fn, qualifier, input, name, parent }: StartExecution): Execution => {
    const there = name === undefined ? undefined : store.executionNamed(fn.key, name)
    if (there) {
      if (there.input === input) return there
      const message = `A durable execution named ${name} was already started with another payload.`
      throw new LambdaApiError('DurableExecutionAlreadyStartedException', 409, message)
    }
    if (!fn.durable) throw invalid(`${fn.name} is not a durable function.`)
    const id = randomUUID()
    const time = now()
    const execution: Execution = {
      arn: `${functionArn(service, fn, qualifier)}/durable-execution/${name ?? id}/${id}`,
      name: name ?? id,
      functionKey: fn.key,
      qualifier,
      input,
      status: 'RUNNING',
      result: null,
      error: null,
      startedAt: time,
      endedAt: null,
      deadline: time + fn.durable.executionTimeoutSeconds * 1000,
      due: time,
      failures: 0,
      fingerprint: fingerprint(fn),
      parentArn: parent?.arn ?? null,
      parentOperation: parent?.operation ?? null,
    }
    store.atomically(() => {
      store.add(execution)
      const ExecutionDetails = { InputPayload: input }
      const root = {
        Id: id,
        Type: 'EXECUTION',
        Status: 'STARTED',
        StartTimestamp: time,
        ExecutionDetails,
      } as const
      store.put(execution.arn, root, true)
    })
    clock.soon()
    return execution
  }

  /** Run what a workflow invokes: another durable function as an execution of its own, any other one directly. */
  const chain = async (arn: string, { Id, local }: Operation): Promise<void> => {
    const { functionName = '', payload = 'null' } = local?.invoke ?? {}
    const target = findFunction(service, functionName)
    if (!target) {
      const missing = {
        ErrorType: 'ResourceNotFoundException',
        ErrorMessage: `Function not found: ${functionName}`,
      }
      core.endOperation(arn, Id, 'FAILED', { Error: missing })
      return
    }
    const { fn, qualifier = '$LATEST' } = target
    if (fn.durable) {
      start({ fn, qualifier, input: payload, parent: { arn, operation: Id } })
      return
    }
    const outcome = await functions.invoke(fn.key, JSON.parse(payload), { qualifier })
    if (store.isClosed()) return
    if (outcome.error) {
      const { errorType: ErrorType, errorMessage: ErrorMessage } = outcome.error
      core.endOperation(arn, Id, 'FAILED', { Error: { ErrorType, ErrorMessage } })
    } else core.endOperation(arn, Id, 'SUCCEEDED', { Result: JSON.stringify(outcome.result) })
  }

  const openCallback = (id: string) => {
    core.settleDue()
    const found = store.operationOfCallback(id)
    if (!found) throw notFound(`Callback ${id}`)
    const running = store.execution(found.arn)?.status === 'RUNNING'
    if (running && found.operation.Status === 'STARTED') return found
    const how = running ? found.operation.Status : 'its execution has ended'
    throw new LambdaApiError('CallbackTimeoutException', 400, `The callback is closed: ${how}.`)
  }

  return {
    service,
    /** Invoke what is to be invoked from now on; what a process before this one left undone comes first. */
    begin(): void {
      for (const fn of service.functions.values()) {
        if (fn.durable) store.forget(fn.key, now() - fn.durable.retentionDays * 86_400_000)
      }
      for (const { arn, operation } of store.openInvokes()) {
        if (!store.childOf(arn, operation.Id)) void chain(arn, operation)
      }
      clock.begin()
    },
    /**
     * Begin an execution. One of the same name and input is the same one, running or over.
     *
     * @throws LambdaApiError DurableExecutionAlreadyStartedException: the name is taken by another input.
     */
    start,
    checkpoint(arn: string, request: Checkpoint): object {
      get(arn)
      core.settleDue()
      return checkpoint(core, get(arn), request, (operation) => void chain(arn, operation))
    },
    /** One page of an execution's operations. @param marker where the page before ended. */
    state(arn: string, token: string, marker: string | undefined, maxItems: number): Page {
      get(arn)
      const mine = runs.get(arn)
      if (mine?.token !== token && mine?.firstToken !== token) throw staleToken()
      return pageOf(store, arn, Number(marker ?? 0), { maxItems, maxBytes: pageBytes }, epochSeconds)
    },
    /** @throws LambdaApiError CallbackTimeoutException: the callback has ended, one way or another. */
    endCallback(id: string, status: 'SUCCEEDED' | 'FAILED', outcome: Ended): void {
      const { arn, operation } = openCallback(id)
      core.endOperation(arn, operation.Id, status, outcome)
    },
    heartbeat(id: string): void {
      const { arn, operation } = openCallback(id)
      const { heartbeatMs } = operation.local ?? {}
      if (heartbeatMs === undefined) return
      store.put(arn, { ...operation, local: { ...operation.local, heartbeatAt: now() + heartbeatMs } }, true)
      clock.soon()
    },
    /** End an execution from outside; its invocation, if any, can write no more. */
    stop(arn: string, error: ErrorObject | undefined): Execution {
      get(arn)
      runs.delete(arn)
      core.finish(arn, 'STOPPED', error ? { Error: error } : {})
      return get(arn)
    },
    /** Wait for the end of an execution. */
    finished: core.finished,
    get,
    operations: (arn: string): Operation[] => store.operations(arn).map(({ operation }) => operation),
    list: (query: ExecutionQuery): Execution[] => store.list(query),
    /** How many invocations are under way. */
    get running() {
      return runs.size
    },
    /** Invoke nothing more. What runs may still write, until `close`. */
    pause: clock.pause,
    close(): void {
      clock.pause()
      runs.clear()
      store.close()
    },
  }
}

export type Durable = ReturnType<typeof openDurable>
