import * as z from 'zod'
import type { Caller } from '../auth/caller.ts'
import type { Rule } from '../auth/policy.ts'
import type { BlockStorage } from '../volumes/block-storage.ts'
import { badRequest } from '../volumes/refusal.ts'
import type { AnswerOf } from './answers/table.ts'
import { fromZod } from './errors.ts'

/** A call as a route sees it: who calls is known, the version is settled, nothing else is checked. */
export interface Call {
  readonly storage: BlockStorage
  readonly caller: Caller
  /** The microversion's minor number. */
  readonly version: number
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
  /** The path as it was asked for. */
  readonly address: string
  /** Where this place is reached, without a path: `https://host`. */
  readonly base: string
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** One call of the API, as the router and the API's description read it. */
export interface Route {
  readonly method: Method
  /** Beneath `/v3/` and, where there is one, the project: `volumes/{id}`. */
  readonly path: string
  readonly summary: string
  readonly rule: Rule
  /** The first microversion that has it. */
  readonly since: number
  statusOf(body: unknown): number
  readonly bodyOf: ((version: number) => z.ZodType) | undefined
  readonly query: z.ZodType | undefined
  run(call: Call): Promise<unknown>
}

interface Asked<Body, Query> extends Omit<Call, 'body' | 'query'> {
  readonly body: Body
  readonly query: Query
}

interface RouteOptions<Body, Query, Of extends Method, Path extends string> {
  readonly method: Of
  readonly path: Path
  readonly summary: string
  readonly rule: Rule
  readonly since?: number
  /** Else 200; of one body, where it depends on that. */
  readonly status?: number | ((body: unknown) => number)
  /** The body's shape, at any version or at one. */
  readonly body?: z.ZodType<Body> | ((version: number) => z.ZodType<Body>)
  readonly query?: z.ZodType<Query>
  /** Answers what `answers/table.ts` says of this call. Undefined: an answer without a body. */
  run(asked: Asked<Body, Query>): Promise<AnswerOf<`${Of} ${Path}`>>
}

/** A route whose body and query are what its schemas say by the time it runs. */
export const route = <
  const Of extends Method,
  const Path extends string,
  Body = undefined,
  Query = Readonly<Record<string, string>>,
>(
  options: RouteOptions<Body, Query, Of, Path>,
): Route => {
  const { body, query, status = 200 } = options
  const bodyOf = typeof body === 'function' ? body : body && (() => body)
  return {
    method: options.method,
    path: options.path,
    summary: options.summary,
    rule: options.rule,
    since: options.since ?? 0,
    statusOf: typeof status === 'function' ? status : () => status,
    bodyOf,
    query,
    run: (call) =>
      options.run({
        ...call,
        body: parse<Body>(bodyOf?.(call.version), call.body),
        query: parse<Query>(query, call.query),
      }),
  }
}

function parse<T>(schema: z.ZodType<T> | undefined, input: unknown): T {
  const parsed = (schema ?? Anything<T>()).safeParse(input)
  if (parsed.success) return parsed.data
  if (input === undefined) throw badRequest('Malformed request body')
  throw fromZod(parsed.error, input)
}

/** Where a route says nothing of its body or query, it reads neither. */
const Anything = <T>() => z.custom<T>(() => true)

const placeholder = /^\{(\w+)\}$/

/**
 * The route of a path beneath `/v3/` or the project.
 *
 * @returns undefined: no such path. `allowed` false: the path is there, for other methods.
 */
export const findRoute = (
  routes: readonly Route[],
  method: string,
  path: readonly string[],
): { readonly route: Route; readonly parameters: Record<string, string> } | 'wrong method' | undefined => {
  let known = false
  for (const one of routes) {
    const parameters = parametersOf(one.path.split('/'), path)
    if (parameters === undefined) continue
    if (one.method === method) return { route: one, parameters }
    known = true
  }
  return known ? 'wrong method' : undefined
}

function parametersOf(
  pattern: readonly string[],
  path: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== path.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [n, segment] of pattern.entries()) {
    const [, name] = placeholder.exec(segment) ?? []
    const given = path[n] ?? ''
    if (name === undefined ? segment !== given : given === '') return undefined
    if (name !== undefined) parameters[name] = given
  }
  return parameters
}
