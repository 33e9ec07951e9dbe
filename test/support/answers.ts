import * as z from 'zod'
import { apiRoutes } from '../../build/openapi/routes.ts'
import { answerOf } from '../../build/openapi/v3.ts'
import { actionAnswers } from '../../lib/api/answers/actions.ts'
import { Fault } from '../../lib/api/answers/fault.ts'
import { findRoute } from '../../lib/api/route.ts'
import type { Role } from '../../lib/auth/caller.ts'

/** A call of Block Storage, and what it was answered. */
export interface Exchange {
  readonly method: string
  /** Beneath the project, without a query: `/volumes/detail`. */
  readonly path: string
  readonly asked: unknown
  /** The microversion's minor number. */
  readonly version: number
  /** Whose fields are expected; undefined: nobody knows. */
  readonly role: Role | undefined
  readonly status: number
  readonly body: unknown
}

/** What is wrong with an answer, by the schemas that describe the API; undefined: nothing. */
export const wrongAnswer = (exchange: Exchange): string | undefined => {
  const { method, path, version, status, body } = exchange
  const [first] = status >= 400 ? wrongFault(status, body) : wrongBody(exchange)
  return (
    first && `${method} ${path} at 3.${version} was answered ${status}: ${first}\n${JSON.stringify(body)}`
  )
}

function* wrongFault(status: number, body: unknown): Generator<string> {
  const parsed = Fault.safeParse(body)
  if (!parsed.success) return yield z.prettifyError(parsed.error)
  const [fault, ...more] = Object.values(parsed.data)
  if (fault?.code !== status || more.length > 0) yield 'an error that is not this status alone'
}

function* wrongBody(exchange: Exchange): Generator<string> {
  const { method, path, asked, body } = exchange
  const found = findRoute(apiRoutes, method, path.split('/').slice(1).map(decodeURIComponent))
  if (found === undefined || found === 'wrong method') return yield 'there is no such call'
  const [action = ''] = typeof asked === 'object' && asked !== null ? Object.keys(asked) : []
  const isAction = found.route.path === 'volumes/{id}/action'
  const schema = isAction ? actionAnswers[action] : answerOf(found.route)
  if (schema === undefined) {
    if (body !== undefined) yield 'a body where there is to be none'
    return
  }
  const parsed = schema.safeParse(body)
  if (!parsed.success) return yield z.prettifyError(parsed.error)
  yield* wrongFields(schema, body, exchange)
}

const Marks = z.object({
  'x-since': z.int().default(0),
  'x-role': z.enum(['admin']).optional(),
  'x-when': z.string().optional(),
})

/** Fields that are there at another version than they should be, or for others. */
function* wrongFields(schema: unknown, value: unknown, to: Exchange, at = ''): Generator<string> {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    yield* wrongFields(schema.unwrap(), value, to, at)
  } else if (schema instanceof z.ZodArray && Array.isArray(value)) {
    for (const [n, one] of value.entries()) yield* wrongFields(schema.element, one, to, `${at}[${n}]`)
  } else if (schema instanceof z.ZodObject && typeof value === 'object' && value !== null) {
    for (const [key, field] of Object.entries(schema.shape as Record<string, z.ZodType>)) {
      const isThere = Object.hasOwn(value, key)
      const place = `${at}.${key}`
      yield* wrongPresence(field, isThere, to, place)
      if (isThere) yield* wrongFields(field, Reflect.get(value, key), to, place)
    }
  }
}

function* wrongPresence(field: z.ZodType, isThere: boolean, to: Exchange, place: string): Generator<string> {
  const { 'x-since': since, 'x-role': role, 'x-when': when } = Marks.parse(field.meta() ?? {})
  if (isThere && since > to.version) yield `${place} is there before 3.${since}`
  if (isThere && role !== undefined && to.role !== undefined && to.role !== role)
    yield `${place} for ${to.role}`
  const isFor = role === undefined || role === to.role
  const isMarked = since > 0 || role !== undefined
  if (!isThere && isMarked && when === undefined && isFor && since <= to.version) yield `${place} is missing`
}
