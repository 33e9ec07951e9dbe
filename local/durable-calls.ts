import type { IncomingMessage } from 'node:http'
import * as z from 'zod'
import type { Durable } from './durable.ts'
import {
  ErrorObject,
  type Execution,
  ExecutionStatus,
  epochSeconds,
  OperationUpdate,
} from './durable-model.ts'
import { invalid, LambdaApiError } from './durable-operations.ts'
import { findFunction, isQualifier, type Target } from './function-name.ts'
import { type Functions, functionArn } from './functions.ts'

/** Longest payload of an invocation that is waited for, in bytes. */
export const maxSyncBytes = 6 * 1024 * 1024
const maxAsyncBytes = 1024 * 1024
/** Longest execution that may be waited for. */
const maxSyncSeconds = 900

export interface Call {
  readonly parameter: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface Answer {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

export type Operation = (call: Call) => Answer | Promise<Answer>

const Checkpoint = z.object({
  CheckpointToken: z.string(),
  ClientToken: z.string().nullish(),
  Updates: z.array(OperationUpdate).nullish(),
})

const json = <T>(schema: z.ZodType<T>, body: Buffer): T => {
  try {
    return schema.parse(JSON.parse(body.toString()))
  } catch (error) {
    throw invalid(error instanceof z.ZodError ? z.prettifyError(error) : 'The request body is not JSON.')
  }
}

const errorIn = (body: Buffer): ErrorObject | undefined =>
  body.length === 0 ? undefined : json(ErrorObject, body)

/**
 * The part of Lambda's API that the durable SDK, its callers and their operators use: each call by method and path.
 *
 * @see @aws-sdk/client-lambda 3.1162.0, dist-es/schemas/schemas_0.js
 */
export const durableCalls = (
  durable: Durable,
  functions: Functions,
): readonly (readonly [method: string, path: RegExp, operation: Operation])[] => {
  const { service } = functions

  const summary = (execution: Execution) => {
    const fn = service.functions.get(execution.functionKey)
    return {
      DurableExecutionArn: execution.arn,
      DurableExecutionName: execution.name,
      FunctionArn: fn ? functionArn(service, fn, execution.qualifier) : execution.functionKey,
      Status: execution.status,
      StartTimestamp: epochSeconds(execution.startedAt),
      ...(execution.endedAt !== null && { EndTimestamp: epochSeconds(execution.endedAt) }),
    }
  }

  const target = (asked: string, qualifier: string | null): Target => {
    const found = findFunction(service, asked, qualifier ?? undefined)
    if (found && (found.qualifier === undefined || isQualifier(found.qualifier))) return found
    throw new LambdaApiError('ResourceNotFoundException', 404, `Function not found: ${asked}`)
  }

  const invokePlain = async ({ fn, qualifier }: Target, input: unknown, wait: boolean): Promise<Answer> => {
    const outcome = functions.invoke(fn.key, input, { ...(qualifier !== undefined && { qualifier }) })
    if (!wait) return { status: 202 }
    const ended = await outcome
    const headers = { 'x-amzn-requestid': ended.requestId, 'x-amz-executed-version': qualifier ?? '$LATEST' }
    if (!ended.error) return { headers, body: ended.result }
    return { headers: { ...headers, 'x-amz-function-error': 'Unhandled' }, body: ended.error }
  }

  const invokeDurable = async (
    { fn, qualifier }: Target,
    name: string | undefined,
    input: string,
    wait: boolean,
  ): Promise<Answer> => {
    if (qualifier === undefined)
      throw invalid('You cannot invoke a durable function using an unqualified ARN.')
    if (name !== undefined && !/^[\w-]{1,64}$/.test(name))
      throw invalid(`Invalid durable execution name: ${name}`)
    if (wait && (fn.durable?.executionTimeoutSeconds ?? 0) > maxSyncSeconds) {
      throw invalid(
        'You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.',
      )
    }
    const started = durable.start({ fn, qualifier, input, ...(name !== undefined && { name }) })
    const headers = { 'x-amz-durable-execution-arn': started.arn }
    if (!wait) return { status: 202, headers }
    const { status, result, error } = await durable.finished(started.arn)
    if (status === 'SUCCEEDED') return { headers, body: JSON.parse(result || 'null') }
    const { ErrorMessage = status, ErrorType = status } = ErrorObject.parse(JSON.parse(error ?? '{}'))
    return {
      headers: { ...headers, 'x-amz-function-error': 'Unhandled' },
      body: { errorMessage: ErrorMessage, errorType: ErrorType },
    }
  }

  const invoke: Operation = ({ parameter, query, headers, body }) => {
    const found = target(parameter, query.get('Qualifier'))
    const type = headers['x-amz-invocation-type'] ?? 'RequestResponse'
    const name = headers['x-amz-durable-execution-name']
    if (type === 'DryRun') return { status: 204 }
    const wait = type !== 'Event'
    if (body.length > (wait ? maxSyncBytes : maxAsyncBytes)) {
      throw new LambdaApiError('RequestTooLargeException', 413, 'The payload is too large.')
    }
    const text = body.length > 0 ? body.toString() : '{}'
    let input: unknown
    try {
      input = JSON.parse(text)
    } catch {
      throw new LambdaApiError('InvalidRequestContentException', 400, 'The payload is not JSON.')
    }
    if (!found.fn.durable) return invokePlain(found, input, wait)
    return invokeDurable(found, typeof name === 'string' ? name : undefined, text, wait)
  }

  const checkpoint: Operation = ({ parameter, body }) => {
    const { CheckpointToken, ClientToken, Updates } = json(Checkpoint, body)
    const request = { token: CheckpointToken, clientToken: ClientToken ?? '', updates: Updates ?? [] }
    return { body: durable.checkpoint(parameter, request) }
  }

  const state: Operation = ({ parameter, query }) => {
    const maxItems = Math.min(Number(query.get('MaxItems') || 100), 1000)
    const token = query.get('CheckpointToken') ?? ''
    return { body: durable.state(parameter, token, query.get('Marker') ?? undefined, maxItems) }
  }

  const get: Operation = ({ parameter, query }) => {
    const execution = durable.get(parameter)
    const fn = service.functions.get(execution.functionKey)
    const { input, result, error } = execution
    const data = {
      InputPayload: input,
      ...(result !== null && { Result: result }),
      ...(error !== null && { Error: JSON.parse(error) }),
    }
    return {
      body: {
        ...summary(execution),
        Version: '1',
        ...(fn?.durable && {
          DurableConfig: {
            ExecutionTimeout: fn.durable.executionTimeoutSeconds,
            RetentionPeriodInDays: fn.durable.retentionDays,
          },
        }),
        ...(query.get('IncludeExecutionData') !== 'false' && data),
      },
    }
  }

  const list: Operation = ({ parameter, query }) => {
    const { fn } = target(parameter, query.get('Qualifier'))
    const limit = Math.min(Number(query.get('MaxItems') || 100), 1000)
    const offset = Number(query.get('Marker') || 0)
    const statuses = query.getAll('Statuses').map((status) => ExecutionStatus.parse(status))
    const [name, after, before] = ['DurableExecutionName', 'StartedAfter', 'StartedBefore'].map((key) =>
      query.get(key),
    )
    const found = durable.list({
      functionKey: fn.key,
      statuses,
      reverse: query.get('ReverseOrder') === 'true',
      offset,
      limit: limit + 1,
      ...(name && { name }),
      ...(after && { startedAfter: Date.parse(after) }),
      ...(before && { startedBefore: Date.parse(before) }),
    })
    const DurableExecutions = found.slice(0, limit).map(summary)
    return {
      body: { DurableExecutions, ...(found.length > limit && { NextMarker: String(offset + limit) }) },
    }
  }

  const stop: Operation = ({ parameter, body }) => {
    const { endedAt } = durable.stop(parameter, errorIn(body))
    return { body: { StopTimestamp: epochSeconds(endedAt ?? Date.now()) } }
  }

  const succeed: Operation = ({ parameter, body }) => {
    durable.endCallback(parameter, 'SUCCEEDED', body.length > 0 ? { Result: body.toString() } : {})
    return { body: {} }
  }
  const fail: Operation = ({ parameter, body }) => {
    durable.endCallback(parameter, 'FAILED', { Error: errorIn(body) ?? {} })
    return { body: {} }
  }
  const heartbeat: Operation = ({ parameter }) => {
    durable.heartbeat(parameter)
    return { body: {} }
  }

  const executions = '/2025-12-01/durable-executions/([^/]+)'
  const callbacks = '/2025-12-01/durable-execution-callbacks/([^/]+)'
  return [
    ['POST', /^\/2015-03-31\/functions\/([^/]+)\/invocations$/, invoke],
    ['POST', new RegExp(`^${executions}/checkpoint$`), checkpoint],
    ['GET', new RegExp(`^${executions}/state$`), state],
    ['POST', new RegExp(`^${executions}/stop$`), stop],
    ['GET', new RegExp(`^${executions}$`), get],
    ['GET', /^\/2025-12-01\/functions\/([^/]+)\/durable-executions$/, list],
    ['POST', new RegExp(`^${callbacks}/succeed$`), succeed],
    ['POST', new RegExp(`^${callbacks}/fail$`), fail],
    ['POST', new RegExp(`^${callbacks}/heartbeat$`), heartbeat],
  ]
}
