import type { ServerResponse } from 'node:http'
import * as z from 'zod'
import { type DriverErrorName, httpStatus } from '../lib/errors.ts'

const HeaderValue = z.union([z.string(), z.number(), z.boolean()])

/** The long form of an answer; anything without a `statusCode` is a body of its own. */
const Answer = z.object({
  statusCode: z.coerce.number().int().min(200).max(599),
  headers: z.record(z.string(), HeaderValue).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
})

/**
 * Send `status` with a body; a length is always said, so the connection can be kept.
 *
 * @param end called when all is sent; ends the answer.
 */
const send = (
  response: ServerResponse,
  status: number,
  headers: Record<string, string | string[]>,
  body: Buffer,
  end: () => void = () => response.end(),
): void => {
  const bodiless = status === 204 || status === 304
  response.writeHead(status, { ...headers, ...(!bodiless && { 'content-length': String(body.length) }) })
  if (!bodiless && body.length > 0) response.write(body)
  end()
}

/** Errors of the gateway itself; those without a name in the driver's list have one of their own. */
const own = { NoSuchRoute: 404, InternalError: 500, RequestTimeout: 408 } as const
export type GatewayErrorName = DriverErrorName | keyof typeof own

export interface GatewayError {
  readonly name: GatewayErrorName
  readonly message: string
  readonly remedy?: string
}

const isOwn = (name: GatewayErrorName): name is keyof typeof own => Object.hasOwn(own, name)
const statusOf = (name: GatewayErrorName): number => (isOwn(name) ? own[name] : httpStatus[name])

/** Answer with an error in the project's shape. @param end as for an answer's. @returns the status. */
export const answerError = (
  response: ServerResponse,
  error: GatewayError,
  requestId: string,
  end?: () => void,
): number => {
  const status = statusOf(error.name)
  const body = Buffer.from(JSON.stringify({ error: { ...error, requestId } }))
  send(response, status, { 'content-type': 'application/json', 'apigw-requestid': requestId }, body, end)
  return status
}

/** The same error as the bytes of a whole answer, for a connection that never got as far as a request. */
export const rawError = (error: GatewayError, requestId: string): string => {
  const body = JSON.stringify({ error: { ...error, requestId } })
  const head = `HTTP/1.1 ${statusOf(error.name)} ${error.name}\r\nconnection: close\r\ncontent-type: application/json`
  return `${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/**
 * Send what a function answered: an object with a `statusCode`, or a body that becomes 200 and JSON.
 *
 * @returns the status; undefined, and nothing sent, when the answer cannot be sent: API Gateway calls that 500.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export const answerResult = (
  response: ServerResponse,
  result: unknown,
  requestId: string,
): number | undefined => {
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    const body = typeof result === 'string' ? result : JSON.stringify(result)
    send(
      response,
      200,
      { 'content-type': 'application/json', 'apigw-requestid': requestId },
      Buffer.from(body),
    )
    return 200
  }
  const parsed = Answer.safeParse(result)
  if (!parsed.success) return undefined
  const { statusCode, headers, cookies, body, isBase64Encoded } = parsed.data
  const names = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)])
  try {
    send(
      response,
      statusCode,
      {
        'content-type': 'text/plain;charset=UTF-8',
        ...Object.fromEntries(names.filter(([name]) => name !== 'content-length' && name !== 'connection')),
        ...(cookies && cookies.length > 0 && { 'set-cookie': cookies }),
        'apigw-requestid': requestId,
      },
      Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
    )
  } catch {
    return undefined
  }
  return statusCode
}
