import * as z from 'zod'
import type { Backend } from '../driver/backend.ts'
import { BackendHost } from '../driver/model.ts'
import type { Services } from '../storpool/schema/site.ts'
import { servicesList } from '../storpool/services.ts'

export const GetHealth = z.strictObject({ host: BackendHost })

export interface Health {
  /** Whether volumes can be worked on right now. */
  readonly healthy: boolean
  readonly clusterStatus: string
  /** Services of each kind: how many are running, of how many. */
  readonly services: Readonly<Record<string, { readonly running: number; readonly of: number }>>
  /** Services that are not running, such as `client 7 (host-7)`. */
  readonly down: readonly string[]
}

/** What ServicesList says of the cluster. */
export async function clusterHealth(backend: Backend): Promise<Health> {
  const services = await servicesList(backend.storpool)
  const hosts = new Map((await backend.hosts.all()).map(({ clientId, name }) => [clientId, name]))
  const kinds = { mgmt: services.mgmt, server: services.servers, client: services.clients }
  const active = Object.values(services.mgmt).some((service) => service.active ?? isRunning(service))
  return {
    healthy: services.clusterStatus === 'running' && active,
    clusterStatus: services.clusterStatus,
    services: Object.fromEntries(Object.entries(kinds).map(([kind, all]) => [kind, counted(all)])),
    down: Object.entries(kinds).flatMap(([kind, all]) =>
      Object.values(all)
        .filter((service) => !isRunning(service))
        .map(({ id }) => `${kind} ${id}${kind === 'client' && hosts.has(id) ? ` (${hosts.get(id)})` : ''}`),
    ),
  }
}

const isRunning = ({ status }: { status: string }): boolean => status === 'running'

const counted = (all: Services['servers']): { running: number; of: number } => {
  const every = Object.values(all)
  return { running: every.filter(isRunning).length, of: every.length }
}
