import { randomBytes } from 'node:crypto'
import type { Core } from './durable-core.ts'
import {
  type Execution,
  epochSeconds,
  type Operation,
  type OperationUpdate,
  wireOperation,
} from './durable-model.ts'
import { applyUpdate, invalid, outcomeOf } from './durable-operations.ts'

export interface Checkpoint {
  readonly token: string
  /** The same for a repeat of the same request, which then gets the same answer. */
  readonly clientToken: string
  readonly updates: readonly OperationUpdate[]
}

export const staleToken = () =>
  invalid('Invalid Checkpoint Token: it was used, or a later invocation has taken over.')

/**
 * Apply a running invocation's updates, all or none, and hand back what changed since its last checkpoint.
 *
 * @param begun told of each chained invocation that begins.
 * @throws LambdaApiError for a token that is not the current one, and for updates that may not follow.
 */
export const checkpoint = (
  core: Core,
  execution: Execution,
  { token, clientToken, updates }: Checkpoint,
  begun: (operation: Operation) => void,
): object => {
  const { store, runs, finish } = core
  const { arn } = execution
  const mine = runs.get(arn)
  if (mine?.last && mine.last.token === token && mine.last.clientToken === clientToken)
    return mine.last.answer
  if (mine?.token !== token || execution.status !== 'RUNNING') throw staleToken()

  const time = core.now()
  const chained: Operation[] = []
  const written = new Map<string, Operation>()
  const write = (sent: OperationUpdate, isLast: boolean): void => {
    if (sent.Type === 'EXECUTION' && !isLast) throw invalid('EXECUTION checkpoint must be the last update.')
    // The SDK makes up an id for the result of an execution; there is only the one operation it can mean.
    const Id = sent.Type === 'EXECUTION' ? (store.operations(arn)[0]?.operation.Id ?? sent.Id) : sent.Id
    const update = { ...sent, Id }
    const parent = update.ParentId ? store.operation(arn, update.ParentId) : undefined
    const after = applyUpdate(update, store.operation(arn, Id), parent, time)
    store.put(arn, after, true)
    written.set(Id, after)
    if (after.Type === 'CHAINED_INVOKE' && update.Action === 'START') chained.push(after)
    if (after.Type === 'EXECUTION') {
      finish(arn, update.Action === 'SUCCEED' ? 'SUCCEEDED' : 'FAILED', outcomeOf(update))
    }
  }

  store.atomically(() => {
    if (execution.failures > 0 && updates.length > 0) store.update({ ...execution, failures: 0 })
    for (const [index, update] of updates.entries()) write(update, index === updates.length - 1)
    for (const { operation } of store.changed(arn)) written.set(operation.Id, operation)
    store.told(arn)
  })
  const CheckpointToken = randomBytes(18).toString('base64url')
  const Operations = [...written.values()].map((operation) => wireOperation(operation, epochSeconds))
  const answer = { CheckpointToken, NewExecutionState: { Operations } }
  mine.token = CheckpointToken
  mine.last = { token, clientToken, answer }
  for (const operation of chained) begun(operation)
  core.soon()
  return answer
}
