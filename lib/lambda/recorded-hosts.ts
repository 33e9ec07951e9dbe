import type { Host, Hosts, NamedHost } from '../driver/backend.ts'
import { clientIdOf, type HostRecords, mismatch } from '../hosts/record.ts'
import { kept } from '../kept.ts'

/** Milliseconds for which a process goes by what it read of a host. */
const READ_MS = 60_000

const known = kept<NamedHost>(READ_MS, ({ clientId }) => clientId !== undefined)

/**
 * The configured hosts, with what was heard of those that have agents: the client id that one has said, where the
 * configuration has none.
 *
 * @param ask settles it with the agent itself where that client id is not known, or another was heard: by who may.
 */
export const recordedHosts = (
  hosts: Hosts,
  records: HostRecords,
  ask?: (host: NamedHost) => Promise<Host>,
): Hosts => ({
  all: () => hosts.all(),

  async get(name) {
    const host = await hosts.get(name)
    if (host?.agent === undefined) return host
    return known.get(name, async () => {
      const record = await records.read(name)
      const wrong = mismatch(host, record)
      const clientId = clientIdOf(host, record)
      if (ask !== undefined && (wrong !== undefined || clientId === undefined)) return ask(host)
      if (wrong !== undefined) throw wrong
      return { ...host, clientId }
    })
  },
})

/** The agent on a host was asked just now: what was read before is not gone by any more. */
export const readAgain = (name: string): void => known.forget(name)
