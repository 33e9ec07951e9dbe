import { randomBytes } from 'node:crypto'
import {
  type ErrorObject,
  isOver,
  type Operation,
  type OperationStatus,
  type OperationUpdate,
} from './durable-model.ts'

/** A request the durable execution API refuses, with the name of the exception the client knows. */
export class LambdaApiError extends Error {
  override readonly name: string
  readonly status: number

  constructor(name: string, status: number, message: string) {
    super(message)
    this.name = name
    this.status = status
  }
}

export const invalid = (message: string): LambdaApiError =>
  new LambdaApiError('InvalidParameterValueException', 400, message)

/** Bytes an error may take in a checkpoint. */
const maxErrorBytes = 32_768

const actions: Record<OperationUpdate['Type'], readonly OperationUpdate['Action'][]> = {
  EXECUTION: ['SUCCEED', 'FAIL'],
  CONTEXT: ['START', 'SUCCEED', 'FAIL'],
  STEP: ['START', 'SUCCEED', 'FAIL', 'RETRY'],
  WAIT: ['START', 'CANCEL'],
  CALLBACK: ['START', 'CANCEL'],
  CHAINED_INVOKE: ['START', 'CANCEL'],
}

/** The states each action may begin from, for an operation that is there already. */
const allowedFrom = (update: OperationUpdate): readonly OperationStatus[] => {
  if (update.Type !== 'STEP') return update.Action === 'START' ? [] : ['STARTED']
  return update.Action === 'START' ? ['READY'] : ['STARTED', 'READY']
}

/**
 * Check that an update may follow the operation's state.
 *
 * @see @aws/durable-execution-sdk-js-testing 1.1.4, checkpoint-server, validators
 */
const check = (
  update: OperationUpdate,
  before: Operation | undefined,
  parent: Operation | undefined,
): void => {
  const { Type, Action } = update
  if (!actions[Type].includes(Action)) throw invalid(`Invalid action ${Action} for a ${Type}.`)
  if (before && before.Type !== Type)
    throw invalid(`Operation ${update.Id} is a ${before.Type}, not a ${Type}.`)
  if (update.ParentId && parent?.Type !== 'CONTEXT') throw invalid('Invalid parent operation id.')
  if (before && Type !== 'EXECUTION' && !allowedFrom(update).includes(before.Status)) {
    throw invalid(`Cannot ${Action} a ${Type} that is ${before.Status}.`)
  }
  if (!before && Action === 'CANCEL') throw invalid(`Cannot cancel a ${Type} that does not exist.`)
  if (Action === 'SUCCEED' && update.Error) throw invalid('Cannot provide an Error for SUCCEED action.')
  if (Action === 'FAIL' && update.Payload != null) throw invalid('Cannot provide a Payload for FAIL action.')
  if (Action === 'RETRY' && !update.StepOptions) throw invalid('Invalid StepOptions for the given action.')
  if (update.Error && Buffer.byteLength(JSON.stringify(update)) > maxErrorBytes) {
    throw invalid(`Error object size must be less than ${maxErrorBytes} bytes.`)
  }
}

/** What an update says of how its operation ended. */
export const outcomeOf = (update: OperationUpdate): { Result?: string; Error?: ErrorObject } => ({
  ...(update.Payload != null && { Result: update.Payload }),
  ...(update.Error && { Error: update.Error }),
})

const endOf: Partial<Record<OperationUpdate['Action'], OperationStatus>> = {
  SUCCEED: 'SUCCEEDED',
  FAIL: 'FAILED',
  CANCEL: 'CANCELLED',
}

const seconds = (now: number, amount: number | null | undefined): number => now + (amount ?? 0) * 1000

const stepAfter = (update: OperationUpdate, before: Operation, now: number): Operation => {
  const attempts = before.StepDetails?.Attempt ?? 0
  if (update.Action === 'START') return { ...before, Status: 'STARTED' }
  if (update.Action !== 'RETRY') {
    return { ...before, StepDetails: { Attempt: attempts + 1, ...outcomeOf(update) } }
  }
  const NextAttemptTimestamp = seconds(now, update.StepOptions?.NextAttemptDelaySeconds)
  const StepDetails = { Attempt: attempts + 1, NextAttemptTimestamp, ...outcomeOf(update) }
  return { ...before, Status: 'PENDING', StepDetails }
}

const callbackAfter = (update: OperationUpdate, before: Operation, now: number): Operation => {
  if (update.Action !== 'START') return before
  const { TimeoutSeconds, HeartbeatTimeoutSeconds } = update.CallbackOptions ?? {}
  const local = {
    ...(TimeoutSeconds ? { timeoutAt: seconds(now, TimeoutSeconds) } : {}),
    ...(HeartbeatTimeoutSeconds
      ? { heartbeatMs: HeartbeatTimeoutSeconds * 1000, heartbeatAt: seconds(now, HeartbeatTimeoutSeconds) }
      : {}),
  }
  return { ...before, CallbackDetails: { CallbackId: randomBytes(32).toString('base64url') }, local }
}

const contextAfter = (update: OperationUpdate, before: Operation): Operation => {
  const ReplayChildren = update.ContextOptions?.ReplayChildren ?? before.ContextDetails?.ReplayChildren
  const kept = ReplayChildren === undefined ? {} : { ReplayChildren }
  return { ...before, ContextDetails: { ...kept, ...outcomeOf(update) } }
}

/**
 * What an operation is after an update.
 *
 * @param before the operation as it is, where it is there already.
 * @param parent the operation `ParentId` names.
 * @throws LambdaApiError when the update may not follow.
 */
export const applyUpdate = (
  update: OperationUpdate,
  before: Operation | undefined,
  parent: Operation | undefined,
  now: number,
): Operation => {
  check(update, before, parent)
  const begun: Operation = before ?? {
    Id: update.Id,
    Type: update.Type,
    Status: 'STARTED',
    StartTimestamp: now,
    ...(update.ParentId && { ParentId: update.ParentId }),
    ...(update.Name && { Name: update.Name }),
    ...(update.SubType && { SubType: update.SubType }),
  }
  const after = ((): Operation => {
    switch (update.Type) {
      case 'STEP':
        return stepAfter(update, begun, now)
      case 'CALLBACK':
        return callbackAfter(update, begun, now)
      case 'CONTEXT':
        return contextAfter(update, begun)
      case 'WAIT': {
        const ScheduledEndTimestamp = seconds(now, update.WaitOptions?.WaitSeconds)
        return update.Action === 'START' ? { ...begun, WaitDetails: { ScheduledEndTimestamp } } : begun
      }
      case 'CHAINED_INVOKE': {
        if (update.Action !== 'START') return begun
        if (!update.ChainedInvokeOptions) throw invalid('ChainedInvokeOptions are required.')
        const invoke = {
          functionName: update.ChainedInvokeOptions.FunctionName,
          payload: update.Payload ?? 'null',
        }
        return { ...begun, local: { invoke } }
      }
      case 'EXECUTION':
        return begun
    }
  })()
  const end = endOf[update.Action]
  return end ? { ...after, Status: end, EndTimestamp: now } : after
}

/** When something becomes of an operation by itself, in milliseconds since 1970. */
export const dueOf = ({ Status, Type, WaitDetails, StepDetails, local }: Operation): number | undefined => {
  if (isOver(Status)) return undefined
  if (Type === 'WAIT') return WaitDetails?.ScheduledEndTimestamp
  if (Type === 'STEP') return Status === 'PENDING' ? StepDetails?.NextAttemptTimestamp : undefined
  if (Type !== 'CALLBACK') return undefined
  const times = [local?.timeoutAt, local?.heartbeatAt].filter((at) => at !== undefined)
  return times.length > 0 ? Math.min(...times) : undefined
}

/** What becomes of an operation whose time has come. */
export const whenDue = (operation: Operation, now: number): Operation => {
  if (operation.Type === 'WAIT') return { ...operation, Status: 'SUCCEEDED', EndTimestamp: now }
  if (operation.Type === 'STEP') return { ...operation, Status: 'READY' }
  const { heartbeatAt = Number.POSITIVE_INFINITY } = operation.local ?? {}
  const ErrorMessage = heartbeatAt <= now ? 'Callback timed out on heartbeat' : 'Callback timed out'
  return ended(operation, 'TIMED_OUT', { Error: { ErrorMessage, ErrorType: 'Callback.Timeout' } }, now)
}

/** A callback or chained invocation that ended. */
export const ended = (
  operation: Operation,
  Status: OperationStatus,
  outcome: { Result?: string; Error?: ErrorObject },
  now: number,
): Operation => ({
  ...operation,
  Status,
  EndTimestamp: now,
  ...(operation.CallbackDetails && { CallbackDetails: { ...operation.CallbackDetails, ...outcome } }),
  ...(operation.Type === 'CHAINED_INVOKE' && { ChainedInvokeDetails: outcome }),
})
