import { type Call, get, type Queries } from '../call.ts'
import { invalid } from '../errors.ts'

const version = '21.0.0-simulator'
/** The services came up at the same moment, long ago. */
const startTime = 1_700_000_000

const service = (id: number, status: string) => ({ id, nodeId: Math.min(id, 63), status, version, startTime })
const byId = <T extends { id: number }>(list: readonly T[]) =>
  Object.fromEntries(list.map((one) => [one.id, one]))

const servicesList = (call: Call) => ({
  clusterStatus: 'running',
  clients: byId(
    [...call.cluster.clients].map((id) => service(id, call.site.hosts.isAway(id) ? 'down' : 'running')),
  ),
  servers: byId([1, 2, 3].map((id) => ({ ...service(id, 'running'), missingDisks: [], pendingDisks: [] }))),
  mgmt: byId([1, 2].map((id) => ({ ...service(id, 'running'), active: id === 1, prio: 0 }))),
  bridges: byId([service(1, 'running')]),
  iscsiTargets: byId([service(1, 'running')]),
})

const configs = (call: Call, delay = 0) => {
  const { hosts, world } = call.site
  const generation = world.generation(call.cluster.id)
  return [...call.cluster.clients].map((id) => {
    const clientGeneration = hosts.isAway(id) ? 0 : hosts.generationOf(call.cluster)
    const behind = clientGeneration < generation ? 'updating' : 'ok'
    return { id, generation, clientGeneration, configStatus: hosts.isAway(id) ? 'down' : behind, delay }
  })
}

const clientOf = (call: Call): number => {
  const id = Number(call.args[0])
  if (!call.cluster.clients.has(id)) throw invalid('No such client registered')
  return id
}

/** Waits until the client has seen what was configured when it was asked; one that is away is not waited for. */
const clientConfigWait = async (call: Call) => {
  const id = clientOf(call)
  const begun = performance.now()
  if (!call.site.hosts.isAway(id)) await call.site.hosts.caughtUp(call.untilGone())
  return configs(call, Math.round(performance.now() - begun)).filter((one) => one.id === id)
}

export const serviceCalls: Queries = {
  ServicesList: get(servicesList),
  ClientsConfigDump: get((call) => configs(call)),
  ClientConfigWait: get(clientConfigWait, { args: 1 }),
  ClientActiveRequests: get((call) => ({ clientId: clientOf(call), requests: [] }), { args: 1 }),
  NetworkPeersList: get(() => ({})),
  TasksList: get(() => []),
  MaintenanceList: get(() => ({ nodes: [] })),
  FaultSetsList: get(() => ({})),
}
