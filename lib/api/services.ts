import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { ApiError, badRequest } from '../volumes/refusal.ts'
import { type ServiceState, serviceStates } from '../volumes/services.ts'
import { type Call, type Route, route } from './route.ts'
import { timeOf } from './views/time.ts'

const view = (
  { storage, version }: Pick<Call, 'storage' | 'version'>,
  { binary, host, isUp }: ServiceState,
) => ({
  binary,
  host,
  zone: storage.settings.zone,
  status: 'enabled',
  state: isUp ? 'up' : 'down',
  updated_at: timeOf(storage.now()),
  disabled_reason: null,
  ...(binary === 'cinder-volume' && {
    replication_status: 'disabled',
    active_backend_id: null,
    frozen: false,
    ...(version >= 49 && { backend_state: isUp ? 'up' : 'down' }),
  }),
  ...(version >= 7 && { cluster: null }),
})

const list = route({
  method: 'GET',
  path: 'os-services',
  summary: 'List what stands in for the services of Cinder',
  rule: 'service:get',
  async run(call) {
    const { binary, host } = call.query
    const all = await serviceStates(call.storage)
    return {
      services: all
        .filter((one) => binary === undefined || one.binary === binary)
        .filter((one) => host === undefined || one.host === host || one.host.split('@')[0] === host)
        .map((one) => view(call, one)),
    }
  },
})

const Body = z.looseObject({
  binary: z.string().min(1).max(255).optional(),
  service: z.string().min(1).max(255).optional(),
  host: z.string().min(1).max(255).optional(),
  cluster: z.string().nullish(),
})

const doings = [
  'enable',
  'disable',
  'disable-log-reason',
  'freeze',
  'thaw',
  'failover_host',
  'failover',
  'set-log',
  'get-log',
]

/** Nothing runs that could be told to stop. */
const update = route({
  method: 'PUT',
  path: 'os-services/{doing}',
  summary: 'Refused: there is no service that could be enabled, disabled, frozen or failed over',
  rule: 'service:update',
  body: Body,
  async run({ storage, path, body }) {
    const { doing = '' } = path
    if (!doings.includes(doing)) throw new ApiError(404, 'The resource could not be found.')
    const { host } = body
    if (host === undefined) throw badRequest("'host' is a required property")
    const known = (await serviceStates(storage)).some(
      (one) => one.host === host || one.host === host.split('#')[0],
    )
    if (!known) {
      throw /^[\w.@#-]+$/.test(host)
        ? new ApiError(404, `Service ${host} could not be found.`)
        : badRequest(`Invalid input for field/attribute host. Value: ${host.slice(0, 100)}. is no host`)
    }
    throw new DriverError('NotSupported', `${doing} of ${host}: no service runs here that could be told so`, {
      remedy: 'Change what the functions are configured with instead.',
    })
  },
})

const hosts = route({
  method: 'GET',
  path: 'os-hosts',
  summary: 'List services, as older clients ask for them',
  rule: 'service:get',
  async run({ storage }) {
    const all = await serviceStates(storage)
    return {
      hosts: all.map(({ binary, host, isUp }) => ({
        service: binary,
        host_name: host,
        zone: storage.settings.zone,
        'service-status': isUp ? 'available' : 'unavailable',
        'service-state': 'enabled',
        'last-update': timeOf(storage.now()),
      })),
    }
  },
})

/** What is on a backend, all together and by project. */
const host = route({
  method: 'GET',
  path: 'os-hosts/{host}',
  summary: 'How many volumes and snapshots a backend has, by project',
  rule: 'service:get',
  async run({ storage, path }) {
    const { host: name = '' } = path
    const known = (await serviceStates(storage)).some((one) => one.host === name)
    if (!known) throw new ApiError(404, `Host ${name.slice(0, 100)} could not be found.`)
    const of = (one: { readonly host: string }) => one.host.split('#')[0] === name
    const volumes = (await storage.volumes.all(undefined)).filter(of)
    const snapshots = (await storage.snapshots.all(undefined)).filter(of)
    const row = (project: string | undefined) => {
      const mine = <T extends { readonly project: string; readonly size: number }>(all: readonly T[]) =>
        all.filter((one) => project === undefined || one.project === project)
      const size = (all: readonly { readonly size: number }[]) => all.reduce((sum, one) => sum + one.size, 0)
      return {
        resource: {
          host: name,
          project: project ?? '(total)',
          volume_count: String(mine(volumes).length),
          total_volume_gb: String(size(mine(volumes))),
          snapshot_count: String(mine(snapshots).length),
          total_snapshot_gb: String(size(mine(snapshots))),
        },
      }
    }
    const projects = [...new Set([...volumes, ...snapshots].map(({ project }) => project))]
    return { host: [row(undefined), ...projects.map(row)] }
  },
})

export const hostRoutes: readonly Route[] = [list, update, hosts, host]
