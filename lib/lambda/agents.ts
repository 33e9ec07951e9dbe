import { type AgentClient, agentClient } from '../agent/client.ts'
import { config } from '../config.ts'
import type { NamedHost } from '../driver/backend.ts'
import { DriverError } from '../errors.ts'
import { agentCredentials } from './agent-credentials.ts'
import { hostsOf } from './backend.ts'

/** One client per agent, kept as its sockets are. */
const clients = new Map<string, AgentClient>()

/** @throws DriverError HostNotReady: the host has no agent. */
export function agentOn(host: NamedHost): AgentClient {
  if (host.agent === undefined) {
    throw new DriverError('HostNotReady', `host ${host.name} has no agent`, {
      remedy: "Install the agent there and put its address into the host's entry in HOSTS.",
    })
  }
  const key = `${host.name} ${host.agent}`
  const options = { url: host.agent, host: host.name, credentials: agentCredentials }
  const client = clients.get(key) ?? agentClient(options)
  clients.set(key, client)
  return client
}

/** The agent on the host of that name; undefined where neither is known any more. */
export async function agentNamed(name: string): Promise<AgentClient | undefined> {
  const host = await hostsOf(config()).get(name)
  return host?.agent === undefined ? undefined : agentOn(host)
}
