import type * as z from 'zod'
import { type ApiError, badRequest } from '../volumes/refusal.ts'
import type { Fault, FaultName } from './answers/fault.ts'

/** What each status is called in the body of an error. @see cinder/api/openstack/wsgi.py Fault */
const keys: Readonly<Record<number, FaultName>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  501: 'notImplemented',
  503: 'serviceUnavailable',
}

/** The body of an error: one object whose key depends on the status. */
export const fault = ({ status, message }: ApiError): Fault => ({
  [keys[status] ?? 'computeFault']: { code: status, message, ...(status === 413 && { retryAfter: '0' }) },
})

/** Of the values that a message may quote, this many characters are. */
const QUOTED = 100

const quoted = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'None')
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text
}

const at = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    input,
  )

/** What does not fit a schema, in the words that clients look for. @see cinder/api/validation/validators.py */
export const fromZod = (error: z.ZodError, input: unknown): ApiError => {
  const [issue] = error.issues
  if (issue === undefined) return badRequest('Malformed request body')
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => `'${quoted(key)}'`).join(', ')
    return badRequest(
      `Additional properties are not allowed (${names} ${issue.keys.length > 1 ? 'were' : 'was'} unexpected)`,
    )
  }
  const value = at(input, issue.path)
  const key = issue.path.at(-1)
  if (key === undefined) return badRequest('Malformed request body')
  if (value === undefined) return badRequest(`'${String(key)}' is a required property`)
  return badRequest(
    `Invalid input for field/attribute ${String(key)}. Value: ${quoted(value)}. ${issue.message}`,
  )
}
