import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { ApiError, badRequest } from '../volumes/refusal.ts'
import { type ServiceState, sayOf, serviceNames, serviceStates } from '../volumes/services.ts'
import type { Service } from './answers/service.ts'
import { type Call, type Route, route } from './route.ts'
import { timeOf } from './views/time.ts'

const view = (
  { storage, version }: Pick<Call, 'storage' | 'version'>,
  { binary, host, isUp, said }: ServiceState,
): Service => ({
  binary,
  host,
  zone: storage.settings.zone,
  status: said.disabled ? 'disabled' : 'enabled',
  state: isUp ? 'up' : 'down',
  updated_at: timeOf(storage.now()),
  disabled_reason: said.reason,
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
  host: z.string().min(1).max(255),
})
const WithReason = Body.extend({ disabled_reason: z.string().trim().min(1).max(255) })

const named = ({ binary, service, host }: z.infer<typeof Body>) => {
  const asked = binary ?? service
  if (asked === undefined) throw badRequest("'binary' is a required property")
  return { binary: asked, service: asked, host: host.split('#')[0] ?? host }
}

/** To enable and to disable: a backend that is disabled gets no new volumes; those it has stay as they are. */
const switches: readonly Route[] = [
  route({
    method: 'PUT',
    path: 'os-services/enable',
    summary: 'Have a backend get new volumes again',
    rule: 'service:update',
    body: Body,
    async run({ storage, body }) {
      await sayOf(storage, named(body), { disabled: false, reason: null })
      return { ...named(body), disabled: false, status: 'enabled' as const }
    },
  }),
  route({
    method: 'PUT',
    path: 'os-services/disable',
    summary: 'Have a backend get no new volumes',
    rule: 'service:update',
    body: Body,
    async run({ storage, body }) {
      await sayOf(storage, named(body), { disabled: true, reason: null })
      return { ...named(body), disabled: true, status: 'disabled' as const }
    },
  }),
  route({
    method: 'PUT',
    path: 'os-services/disable-log-reason',
    summary: 'Have a backend get no new volumes, and say why',
    rule: 'service:update',
    body: WithReason,
    async run({ storage, body }) {
      const { disabled_reason } = body
      await sayOf(storage, named(body), { disabled: true, reason: disabled_reason })
      return { ...named(body), disabled: true, status: 'disabled' as const, disabled_reason }
    },
  }),
]

/** What belongs to the replication of whole backends. */
const replications: readonly Route[] = ['freeze', 'thaw', 'failover_host', 'failover'].map((doing) =>
  route({
    method: 'PUT',
    path: `os-services/${doing}`,
    summary: 'Refused: backends are not replicated',
    rule: 'service:update',
    body: Body,
    async run({ storage, body: { host } }) {
      if (!serviceNames(storage).includes(host)) {
        throw badRequest(`Invalid input received: Host ${host.slice(0, 100)} could not be found.`)
      }
      throw new DriverError('NotSupported', `${doing} of ${host}: backends are not replicated here`, {
        remedy: 'Keep copies by the template, and other sites by backups.',
      })
    },
  }),
)

const hosts = route({
  method: 'GET',
  path: 'os-hosts',
  summary: 'List services, as older clients ask for them',
  rule: 'service:get',
  async run({ storage }) {
    const all = await serviceStates(storage)
    return {
      hosts: all.map(({ binary, host, isUp, said }) => ({
        service: binary,
        host_name: host,
        zone: storage.settings.zone,
        'service-status': isUp ? ('available' as const) : ('unavailable' as const),
        'service-state': said.disabled ? ('disabled' as const) : ('enabled' as const),
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

export const hostRoutes: readonly Route[] = [list, ...switches, ...replications, hosts, host]
