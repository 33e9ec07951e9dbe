import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import { type DriverError, httpStatus } from '../errors.ts'
import { isHttp } from './event.ts'

/** The shape of every error: `{error: {name, message, remedy?, requestId, details?}}`. */
export type ErrorAnswer = {
  readonly error: {
    readonly name: string
    readonly message: string
    readonly remedy?: string | undefined
    readonly requestId: string
    readonly details?: Readonly<Record<string, unknown>> | undefined
  }
}

const respond = (
  statusCode: number,
  requestId: string,
  body: unknown,
  headers: Record<string, string> = {},
): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { 'content-type': 'application/json', 'x-request-id': requestId, ...headers },
  body: JSON.stringify(body),
})

/** An operation's output in the caller's shape. Nothing to say is an empty object. */
export const answer = (event: unknown, context: Context, output: unknown, status = 200): unknown =>
  isHttp(event) ? respond(status, context.awsRequestId, output ?? {}) : (output ?? {})

/** An error in the caller's shape; a direct invocation has it thrown, and Lambda reports its name as the type. */
export function refuse(event: unknown, context: Context, error: DriverError): unknown {
  if (!isHttp(event)) throw error
  const body: ErrorAnswer = {
    error: {
      name: error.name,
      message: error.message,
      remedy: error.remedy,
      requestId: context.awsRequestId,
      details: error.details,
    },
  }
  const later = error.name === 'BackendUnavailable' ? { 'retry-after': '5' } : undefined
  return respond(httpStatus[error.name], context.awsRequestId, body, later)
}
