import * as z from 'zod'
import type { NamedHost } from '../driver/backend.ts'
import { DriverError } from '../errors.ts'

/** What an agent said of itself and of its host. */
export const Said = z.object({
  host: z.string(),
  clientId: z.int(),
  version: z.string(),
  ok: z.boolean(),
  missing: z.array(z.string()),
})
export type Said = z.infer<typeof Said>

/** What functions have heard of a host beside what the configuration says. Times are ISO 8601, UTC. */
export const HostRecord = z.object({
  name: z.string(),
  /** Counts writes; a write is refused when another came in between. A host never heard of has 0. */
  version: z.int().nonnegative(),
  /** What its agent said and nothing contradicted. Once learned, only the configuration can make it another. */
  clientId: z.int().optional(),
  /** The address that was asked, and what was answered there last. */
  agent: z.string().optional(),
  said: Said.optional(),
  seenAt: z.string().optional(),
  /** Why the agent could not be asked, if it was tried since. */
  silence: z.object({ reason: z.string(), at: z.string() }).optional(),
})
export type HostRecord = z.infer<typeof HostRecord>

export interface HostRecords {
  read(name: string): Promise<HostRecord | undefined>
  /** @returns false, and nothing written, when the record is not at `record.version` any more. */
  write(record: HostRecord): Promise<boolean>
  /** All of them. Eventually consistent on AWS. */
  all(): Promise<readonly HostRecord[]>
}

/** The client id that a host is known by: the configuration's, else the one that was learned. */
export const clientIdOf = (host: NamedHost, record: HostRecord | undefined): number | undefined =>
  host.clientId ?? record?.clientId

/** What was said at an address that is not the host's any more says nothing of it. */
export const saidBy = (host: NamedHost, record: HostRecord | undefined): Said | undefined =>
  host.agent !== undefined && record?.agent === host.agent ? record.said : undefined

/**
 * Where the agent at a host's address says that it is another host, or another client than the host is known by.
 *
 * @returns DriverError UnknownHost with both and the remedy, or undefined where they agree.
 */
export function mismatch(host: NamedHost, record: HostRecord | undefined): DriverError | undefined {
  const said = saidBy(host, record)
  const known = clientIdOf(host, record)
  if (said === undefined) return undefined
  if (said.host !== host.name) {
    return unlike(
      host,
      said,
      `host ${host.name}`,
      `Correct the address of ${host.name} in HOSTS, or host in the agent's configuration.`,
    )
  }
  if (known === undefined || said.clientId === known) return undefined
  return unlike(
    host,
    said,
    `client ${known} ${host.clientId === undefined ? 'by what it said before' : 'by the configuration'}`,
    `If ${said.clientId} is right, give ${host.name} "clientId": ${said.clientId} in HOSTS; else correct SP_OURID on the host.`,
  )
}

const unlike = ({ name, agent }: NamedHost, said: Said, known: string, remedy: string) =>
  new DriverError(
    'UnknownHost',
    `the agent of ${name} at ${agent} says that it is host ${said.host}, client ${said.clientId}, and not ${known}`,
    { remedy, details: { host: name, said: { host: said.host, clientId: said.clientId } } },
  )
