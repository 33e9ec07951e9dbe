import type { Hosts, NamedHost } from '../driver/backend.ts'
import { namedHost } from '../driver/known-host.ts'
import { DriverError } from '../errors.ts'

/** Where work on a host can go. */
export interface AgentHosts {
  readonly hosts: Hosts
  /** The host that does it where the caller names none. */
  readonly jobHost: string | undefined
}

/**
 * The host that is to do it.
 *
 * @throws DriverError InvalidInput: none is named. UnknownHost. HostNotReady: it has no agent.
 */
export async function agentHost({ hosts, jobHost }: AgentHosts, named?: string): Promise<NamedHost> {
  const name = named ?? jobHost
  if (name === undefined) {
    throw new DriverError('InvalidInput', 'no host was named to do it', {
      remedy: 'Name one in host, or set JOB_HOST.',
    })
  }
  const host = await namedHost(hosts, name)
  if (host.agent !== undefined) return host
  throw new DriverError('HostNotReady', `host ${host.name} has no agent`, {
    remedy: "Install the agent there and put its address into the host's entry in HOSTS.",
  })
}
