import type { Call, Query, Site } from './call.ts'
import { attachmentCalls } from './calls/attachments.ts'
import { backupCalls } from './calls/backups.ts'
import { diskCalls } from './calls/disks.ts'
import { elsewhereCalls } from './calls/elsewhere.ts'
import { groupCalls } from './calls/groups.ts'
import { kvCalls } from './calls/kv.ts'
import { serviceCalls } from './calls/services.ts'
import { snapshotCalls } from './calls/snapshots.ts'
import { spaceCalls } from './calls/space.ts'
import { templateStatusCalls } from './calls/template-status.ts'
import { templateCalls } from './calls/templates.ts'
import { volumeCalls } from './calls/volumes.ts'
import { invalid, Refusal, reasonOf } from './errors.ts'
import type { Knobs } from './knobs.ts'
import { finishRebases } from './progress.ts'
import { type Route, routeOf } from './route.ts'

const queries = new Map<string, Query>(
  Object.entries({
    ...volumeCalls,
    ...snapshotCalls,
    ...attachmentCalls,
    ...templateCalls,
    ...templateStatusCalls,
    ...serviceCalls,
    ...groupCalls,
    ...kvCalls,
    ...backupCalls,
    ...elsewhereCalls,
    ...diskCalls,
    ...spaceCalls,
  }),
)

export interface Answer {
  readonly status: number
  readonly body: string
}

/** A request, read in full. */
export interface Received {
  readonly method: string
  /** Without the query string. */
  readonly path: string
  readonly body: unknown
  readonly untilGone: () => AbortSignal
}

/** HTTP status by error name, where no knob says otherwise. */
const builtIn = new Map(
  Object.entries({
    invalidParam: 400,
    objectDoesNotExist: 404,
    objectExists: 409,
    busy: 409,
  }),
)

/** An error as the API writes it. */
export const errorAnswer = (knobs: Knobs, error: unknown): Answer => {
  const refusal = error instanceof Refusal ? error : new Refusal('internalError', reasonOf(error))
  const { refusal: name, message: descr, transient } = refusal
  const status = refusal.status ?? knobs.errorHttpStatus[name] ?? builtIn.get(name) ?? 500
  const body = JSON.stringify({ error: { name, descr, ...(transient ? { transient } : {}) } })
  return { status: knobs.errorsAs200 ? 200 : status, body }
}

const queryFor = (route: Route, method: string, knobs: Knobs): Query => {
  const query = queries.get(route.query)
  if (query === undefined) {
    throw new Refusal('notImplemented', `The simulator does not implement "${route.query}"`, { status: 501 })
  }
  if (query.method !== method) {
    throw new Refusal('methodNotAllowed', `"${route.query}" is not a ${method} query`, { status: 405 })
  }
  if (route.args.length !== query.args || route.args.includes('')) {
    throw invalid(`"${route.query}" takes ${query.args} argument(s) in its path, not ${route.args.length}`)
  }
  if (route.all && method !== 'GET') throw invalid(`"${route.query}" cannot be sent to all clusters`)
  if (route.multi && !route.all && !query.multi && !knobs.multiClusterAny) {
    throw invalid(`"${route.query}" is not a multi-cluster query`)
  }
  return query
}

const hasNull = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.values(value).some(hasNull))

const withoutNulls = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutNulls(member)]))
}

const cleaned = (body: unknown, knobs: Knobs): unknown => {
  if (!hasNull(body)) return body
  if (!knobs.rejectNulls) return withoutNulls(body)
  const member =
    typeof body === 'object' && body !== null ? Object.entries(body).find(([, v]) => hasNull(v)) : undefined
  throw invalid(`Unknown member ${member === undefined ? 'null' : `"${member[0]}"`}: null is no value`)
}

const envelope = async (site: Site, query: Query, call: Call) => {
  const data = await query.run(call)
  return { generation: site.world.generation(call.cluster.id), data }
}

/** Every cluster's own answer or error, side by side. */
const fromAll = async (site: Site, query: Query, call: Call) => {
  const answers = await Promise.all(
    site.world.clusters.map(async (cluster) => {
      const where = { clusterName: cluster.name, clusterId: cluster.id }
      try {
        return { ...where, response: await envelope(site, query, { ...call, cluster, multi: false }) }
      } catch (error) {
        const { body } = errorAnswer(site.knobs, error)
        return { ...where, ...JSON.parse(body) }
      }
    }),
  )
  return { generation: site.world.generation(call.cluster.id), data: { clusters: answers } }
}

/** Carry a call out and write its answer. */
export const answer = async (site: Site, { method, path, body, untilGone }: Received): Promise<Answer> => {
  try {
    site.lifecycle.sweepDates()
    finishRebases(site)
    const route = routeOf(site.world.clusters, path, site.knobs.decodePath)
    const query = queryFor(route, method, site.knobs)
    const { cluster, multi, args } = route
    const call = { site, cluster, multi, args, body: cleaned(body, site.knobs), untilGone }
    const whole = await (route.all ? fromAll(site, query, call) : envelope(site, query, call))
    return { status: 200, body: JSON.stringify(whole) }
  } catch (error) {
    return errorAnswer(site.knobs, error)
  }
}
