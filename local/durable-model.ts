import * as z from 'zod'

/** An error as Lambda's durable executions carry it. */
export const ErrorObject = z.object({
  ErrorMessage: z.string().optional(),
  ErrorType: z.string().optional(),
  ErrorData: z.string().optional(),
  StackTrace: z.array(z.string()).optional(),
})
export type ErrorObject = z.infer<typeof ErrorObject>

const OperationType = z.enum(['EXECUTION', 'CONTEXT', 'STEP', 'WAIT', 'CALLBACK', 'CHAINED_INVOKE'])
const OperationStatus = z.enum([
  'STARTED',
  'PENDING',
  'READY',
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
  'TIMED_OUT',
  'STOPPED',
])
export type OperationStatus = z.infer<typeof OperationStatus>

/** One change of an operation, as the durable SDK sends it in a checkpoint. */
export const OperationUpdate = z.object({
  Id: z.string().min(1),
  Type: OperationType,
  Action: z.enum(['START', 'SUCCEED', 'FAIL', 'RETRY', 'CANCEL']),
  ParentId: z.string().nullish(),
  Name: z.string().nullish(),
  SubType: z.string().nullish(),
  Payload: z.string().nullish(),
  Error: ErrorObject.nullish(),
  ContextOptions: z.object({ ReplayChildren: z.boolean().nullish() }).nullish(),
  StepOptions: z.object({ NextAttemptDelaySeconds: z.number().min(0).nullish() }).nullish(),
  WaitOptions: z.object({ WaitSeconds: z.number().min(0) }).nullish(),
  CallbackOptions: z
    .object({
      TimeoutSeconds: z.number().min(0).nullish(),
      HeartbeatTimeoutSeconds: z.number().min(0).nullish(),
    })
    .nullish(),
  ChainedInvokeOptions: z.object({ FunctionName: z.string(), TenantId: z.string().nullish() }).nullish(),
})
export type OperationUpdate = z.infer<typeof OperationUpdate>

const Outcome = { Result: z.string().optional(), Error: ErrorObject.optional() }

/**
 * An operation as it is kept: the shape of the API, times in milliseconds, and what only the keeper needs under
 * `local`.
 */
export const Operation = z.object({
  Id: z.string(),
  ParentId: z.string().optional(),
  Name: z.string().optional(),
  Type: OperationType,
  SubType: z.string().optional(),
  Status: OperationStatus,
  StartTimestamp: z.number(),
  EndTimestamp: z.number().optional(),
  ExecutionDetails: z.object({ InputPayload: z.string() }).optional(),
  ContextDetails: z.object({ ReplayChildren: z.boolean().optional(), ...Outcome }).optional(),
  StepDetails: z
    .object({ Attempt: z.number(), NextAttemptTimestamp: z.number().optional(), ...Outcome })
    .optional(),
  WaitDetails: z.object({ ScheduledEndTimestamp: z.number() }).optional(),
  CallbackDetails: z.object({ CallbackId: z.string(), ...Outcome }).optional(),
  ChainedInvokeDetails: z.object(Outcome).optional(),
  local: z
    .object({
      timeoutAt: z.number().optional(),
      heartbeatAt: z.number().optional(),
      heartbeatMs: z.number().optional(),
      invoke: z.object({ functionName: z.string(), payload: z.string() }).optional(),
    })
    .optional(),
})
export type Operation = z.infer<typeof Operation>

export const ExecutionStatus = z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'STOPPED'])
export type ExecutionStatus = z.infer<typeof ExecutionStatus>

/** One durable execution. Times in milliseconds since 1970. */
export const Execution = z.object({
  arn: z.string(),
  name: z.string(),
  functionKey: z.string(),
  qualifier: z.string(),
  input: z.string(),
  status: ExecutionStatus,
  result: z.string().nullable(),
  error: z.string().nullable(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  deadline: z.number(),
  /** When it is to be invoked; null while it only waits. */
  due: z.number().nullable(),
  /** Invocations that failed, one after another. */
  failures: z.number(),
  /** What the workflow's source was when it began. */
  fingerprint: z.string(),
  /** The execution and operation that invoked it, where one did. */
  parentArn: z.string().nullable(),
  parentOperation: z.string().nullable(),
})
export type Execution = z.infer<typeof Execution>

/** Statuses an operation does not leave again. */
export const isOver = (status: OperationStatus): boolean =>
  status !== 'STARTED' && status !== 'PENDING' && status !== 'READY'

/** An operation for the wire; an event carries times as ISO 8601, an API answer as seconds. */
export const wireOperation = (operation: Operation, time: (ms: number) => string | number): object => {
  const { local: _, StartTimestamp, EndTimestamp, StepDetails, WaitDetails, ...rest } = operation
  const next = StepDetails?.NextAttemptTimestamp
  return {
    ...rest,
    StartTimestamp: time(StartTimestamp),
    ...(EndTimestamp !== undefined && { EndTimestamp: time(EndTimestamp) }),
    ...(StepDetails && {
      StepDetails: { ...StepDetails, ...(next !== undefined && { NextAttemptTimestamp: time(next) }) },
    }),
    ...(WaitDetails && { WaitDetails: { ScheduledEndTimestamp: time(WaitDetails.ScheduledEndTimestamp) } }),
  }
}

export const isoTime = (ms: number): string => new Date(ms).toISOString()
export const epochSeconds = (ms: number): number => ms / 1000
