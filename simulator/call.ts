import type * as z from 'zod'
import type { Bytes } from './bytes.ts'
import type { Devices } from './devices.ts'
import { invalid } from './errors.ts'
import type { Hosts } from './hosts.ts'
import type { Knobs } from './knobs.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Cluster, World } from './world.ts'

/** What the calls work on. */
export interface Site {
  readonly world: World
  readonly bytes: Bytes
  readonly devices: Devices
  readonly hosts: Hosts
  readonly lifecycle: Lifecycle
  readonly knobs: Knobs
  /** Unix seconds. */
  readonly seconds: () => number
  /** Unix milliseconds. */
  readonly now: () => number
  /** Objects whose bytes are being worked on: others wait until they are done. */
  readonly working: Map<string, Promise<void>>
}

/** One call as it came in, prefixes taken off. */
export interface Call {
  readonly site: Site
  /** The cluster that carries it out. */
  readonly cluster: Cluster
  /** Objects of the whole location are meant. */
  readonly multi: boolean
  readonly args: readonly string[]
  readonly body: unknown
  /** A signal that fires when the caller is gone or the simulator closes. */
  readonly untilGone: () => AbortSignal
}

export interface Query {
  readonly method: 'GET' | 'POST'
  /** How many path arguments it has. */
  readonly args: number
  /** Takes the prefix `MultiCluster/`. */
  readonly multi: boolean
  readonly run: (call: Call) => unknown
}
/** Queries by name. */
export type Queries = Readonly<Record<string, Query>>

interface Shape {
  readonly args?: number
  readonly multi?: boolean
}

export const get = (run: (call: Call) => unknown, { args = 0, multi = false }: Shape = {}): Query => ({
  method: 'GET',
  args,
  multi,
  run,
})

export const post = <T>(
  Body: z.ZodType<T>,
  run: (call: Call, body: T) => unknown,
  { args = 0, multi = false }: Shape = {},
): Query => ({ method: 'POST', args, multi, run: (call) => run(call, parseBody(Body, call.body)) })

/** Parse a body by its schema, or refuse it with the first thing that is wrong. */
export const parseBody = <T>(Body: z.ZodType<T>, body: unknown): T => {
  const parsed = Body.safeParse(body)
  if (parsed.success) return parsed.data
  throw invalid(describe(parsed.error.issues))
}

const describe = (issues: readonly z.core.$ZodIssue[]): string => {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]
  if (issue === undefined) return 'Invalid request'
  const where = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => `"${where === '' ? key : `${where}.${key}`}"`)
    return `Unknown member ${names.join(', ')}`
  }
  return where === '' ? `Invalid request: ${issue.message}` : `Invalid value of "${where}": ${issue.message}`
}

/** The answer to a change. */
export const ok = (call: Call, extra: object = {}) => ({
  ok: true,
  generation: call.site.world.generation(call.cluster.id),
  ...extra,
})
