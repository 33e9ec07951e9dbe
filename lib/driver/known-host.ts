import { DriverError } from '../errors.ts'
import type { Host, Hosts, NamedHost } from './backend.ts'

/** @throws DriverError UnknownHost, naming it. */
export async function namedHost(hosts: Hosts, name: string): Promise<NamedHost> {
  const host = await hosts.get(name)
  if (host !== undefined) return host
  const known = (await hosts.all()).map((one) => one.name)
  throw new DriverError('UnknownHost', `host ${name} is not known`, {
    remedy: `Add it to HOSTS with its agent's address, or to storpool.conf. Known: ${known.join(', ') || 'none'}.`,
  })
}

/** @throws DriverError UnknownHost, naming it. HostNotReady: nobody has said its client id yet. */
export async function knownHost(hosts: Hosts, name: string): Promise<Host> {
  const { clientId, ...host } = await namedHost(hosts, name)
  if (clientId !== undefined) return { ...host, clientId }
  throw new DriverError(
    'HostNotReady',
    `the client id of host ${name} is not known: its agent was not heard yet`,
    {
      remedy:
        "Agents are asked every five minutes, and by attach_volume; GET /hosts says what keeps this one's.",
    },
  )
}
