import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type * as z from 'zod'
import { DriverError } from '../errors.ts'

/** Bytes of a request's body: an operation's input is small, and API Gateway would let 10 MB through. */
const BODY_BYTES = 256 * 1024

/** Braces within braces: what is meant seriously needs few. */
const DEPTH = 32

/** True for what API Gateway sends; anything else is a direct invocation, whose event is the input itself. */
export const isHttp = (event: unknown): event is APIGatewayProxyEventV2 =>
  typeof event === 'object' &&
  event !== null &&
  'requestContext' in event &&
  typeof event.requestContext === 'object' &&
  event.requestContext !== null &&
  'http' in event.requestContext

/**
 * The input of an operation: the event itself, or the JSON object in a request's body. No body is an empty object.
 *
 * @throws DriverError UnsupportedMediaType. TooLarge. InvalidInput: not JSON, or too deeply nested.
 */
export function inputOf(event: unknown): unknown {
  const input = isHttp(event) ? bodyOf(event) : event
  refuseDeep(input)
  return input
}

function bodyOf(event: APIGatewayProxyEventV2): unknown {
  const { body } = event
  if (body === undefined || body === '') return {}
  const type = (event.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new DriverError('UnsupportedMediaType', `the body is ${type || 'of no stated type'}, not JSON`, {
      remedy: 'Send it with Content-Type: application/json.',
    })
  }
  const text = event.isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body
  if (Buffer.byteLength(text) > BODY_BYTES) {
    throw new DriverError('TooLarge', `the body is larger than ${BODY_BYTES} bytes`)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DriverError('InvalidInput', 'the body is not JSON', { cause: error })
  }
}

function refuseDeep(input: unknown): void {
  let level: unknown[] = [input]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH) throw new DriverError('InvalidInput', `the input is nested more than ${DEPTH} deep`)
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    )
  }
}

/** A request's path and query parameters, checked. @throws ZodError */
export const parametersOf = <T>(event: unknown, parameters: z.ZodType<T>): T =>
  parameters.parse(isHttp(event) ? { ...event.queryStringParameters, ...event.pathParameters } : event)
