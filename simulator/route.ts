import { invalid, Refusal } from './errors.ts'
import type { Cluster, Clusters } from './world.ts'

/** A request's path, taken apart. */
export interface Route {
  readonly cluster: Cluster
  readonly multi: boolean
  /** Ask every cluster of the location. */
  readonly all: boolean
  readonly query: string
  readonly args: readonly string[]
}

export const root = '/ctrl/1.0/'
const storeQueries = new Set(['List', 'Get', 'Create', 'Delete', 'Set'])

const clusterOf = (clusters: Clusters, ref: string): Cluster => {
  const found = clusters.find(({ id, name }) => ref === name || ref === `~${id}`)
  if (found === undefined) throw new Refusal('objectDoesNotExist', `Cluster "${ref}" does not exist`)
  return found
}

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw invalid(`Invalid percent-encoding "${segment}"`)
  }
}

/** The query's name alone, for the log: also of a path that is refused. */
export const queryOf = (path: string): string => {
  const segments = path.slice(root.length).split('/')
  if (segments[0] === 'RemoteCommand') segments.splice(0, 2)
  if (segments[0] === 'MultiCluster') segments.shift()
  if (segments[0] === 'AllClusters') segments.shift()
  const [first = '', second = ''] = segments
  return first === 'KV' && storeQueries.has(second) ? `KV/${second}` : first
}

/**
 * `[RemoteCommand/<cluster>/][MultiCluster/[AllClusters/]]<Query>[/<arg>…]`
 *
 * @param path without the query string
 */
export const routeOf = (clusters: Clusters, path: string, decodes: boolean): Route => {
  const raw = path.slice(root.length).split('/')
  const segments = decodes ? raw.map(decode) : raw
  const remote = segments[0] === 'RemoteCommand'
  const cluster = remote ? clusterOf(clusters, segments[1] ?? '') : clusters[0]
  if (remote) segments.splice(0, 2)
  const multi = segments[0] === 'MultiCluster'
  if (multi) segments.shift()
  const all = multi && segments[0] === 'AllClusters'
  if (all) segments.shift()
  const query = queryOf(path)
  return { cluster, multi, all, query, args: segments.slice(query.includes('/') ? 2 : 1) }
}
