import type { NamedHost } from '../driver/backend.ts'
import { clientIdOf, type HostRecord, type HostRecords, mismatch, saidBy } from './record.ts'

export interface HostView {
  readonly name: string
  /** Null while nobody has said it. */
  readonly clientId: number | null
  /** Where its agent answers; null where it has none. */
  readonly agent: string | null
  /** The agent's version. */
  readonly version: string | null
  /** When the agent was heard last. ISO 8601, UTC. */
  readonly seenAt: string | null
  /** What somebody should look at, each as a sentence; empty when all is well. */
  readonly wrong: readonly string[]
}

/** The configured hosts, with what functions have heard of them and what is wrong with them. */
export async function listHosts(
  configured: readonly NamedHost[],
  records: HostRecords,
): Promise<{ hosts: HostView[] }> {
  const kept = new Map((await records.all()).map((record) => [record.name, record]))
  const owners = Map.groupBy(configured, (host) => clientIdOf(host, kept.get(host.name)))
  const hosts = configured.map((host) => {
    const record = kept.get(host.name)
    const clientId = clientIdOf(host, record)
    const same = (owners.get(clientId) ?? []).filter((other) => other !== host)
    return view(host, record, clientId === undefined ? [] : same)
  })
  return { hosts: hosts.sort((one, other) => one.name.localeCompare(other.name, 'en', { numeric: true })) }
}

const view = (host: NamedHost, record: HostRecord | undefined, same: readonly NamedHost[]): HostView => {
  const said = saidBy(host, record)
  return {
    name: host.name,
    clientId: clientIdOf(host, record) ?? null,
    agent: host.agent ?? null,
    version: said?.version ?? null,
    seenAt: said === undefined ? null : (record?.seenAt ?? null),
    wrong: [...wrongWith(host, record), ...same.map(({ name }) => `it has the client id of ${name}`)],
  }
}

const wrongWith = (host: NamedHost, record: HostRecord | undefined): string[] => {
  if (host.agent === undefined) return []
  const said = saidBy(host, record)
  const silence = record?.agent === host.agent ? record?.silence : undefined
  if (said === undefined && silence === undefined && clientIdOf(host, record) === undefined) {
    return ['its agent was not asked yet, and nobody else says its client id']
  }
  const other = mismatch(host, record)
  return [
    ...(silence === undefined ? [] : [`at ${silence.at}: ${silence.reason}`]),
    ...(other === undefined ? [] : [`${other.message}. ${other.remedy ?? ''}`]),
    ...(said?.ok === false ? ['its agent cannot write its journal, and takes no new work'] : []),
    ...(said?.missing ?? []),
  ]
}
