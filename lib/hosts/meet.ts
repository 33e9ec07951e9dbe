import { isDeepStrictEqual } from 'node:util'
import type { Health } from '../agent/protocol.ts'
import type { Host, NamedHost } from '../driver/backend.ts'
import { DriverError } from '../errors.ts'
import { type HostRecord, type HostRecords, mismatch, Said } from './record.ts'

export interface Meeting {
  readonly records: HostRecords
  /** Ask the agent on a host how it is and who. @throws AgentUnreachable, AgentError, DriverError */
  health(host: NamedHost): Promise<Health>
  /** ISO 8601, UTC. */
  now(): string
}

/** Writers that meet on one host try this often; each lost race means that another writer got through. */
const TRIES = 25

/** Milliseconds for which a record is not written again only to say that the host was seen. */
const SEEN_MS = 60_000

/**
 * Ask the agent on a host who it is, keep what it says, and compare it with what is known. The first time, its client id
 * is learned where the configuration has none.
 *
 * @throws DriverError UnknownHost: it says that it is another host, or another client than is known. Conflict: too
 *   many writers at once.
 */
export async function meet(to: Meeting, host: NamedHost): Promise<Host> {
  const said = Said.parse(await to.health(host))
  const record = await change(to, host.name, (before) => heard(before, host, said, to.now()))
  const wrong = mismatch(host, record)
  if (wrong !== undefined) throw wrong
  return { ...host, clientId: said.clientId }
}

/** Note that the agent on a host could not be asked. */
export async function noteSilence(to: Meeting, host: NamedHost, reason: string): Promise<void> {
  await change(to, host.name, (before) => {
    const { said, seenAt, ...rest } = before
    const same = before.agent === host.agent ? { said, seenAt } : {}
    return { ...rest, ...same, agent: host.agent, silence: { reason, at: to.now() } }
  })
}

const heard = (before: HostRecord, host: NamedHost, said: Said, now: string): HostRecord => {
  const { silence, ...rest } = before
  const next = { ...rest, agent: host.agent, said, seenAt: now }
  const agreed = mismatch(host, next) === undefined ? { ...next, clientId: said.clientId } : next
  const isNews = silence !== undefined || !isDeepStrictEqual({ ...agreed, seenAt: before.seenAt }, before)
  const isOld = Date.parse(now) - Date.parse(before.seenAt ?? now) >= SEEN_MS
  return isNews || isOld ? agreed : before
}

/** @param next gives back the same record to leave it as it is. */
async function change(
  { records }: Meeting,
  name: string,
  next: (before: HostRecord) => HostRecord,
): Promise<HostRecord> {
  for (let tries = 0; tries < TRIES; tries++) {
    const before = (await records.read(name)) ?? { name, version: 0 }
    const after = next(before)
    if (after === before || (await records.write(after))) return after
  }
  throw new DriverError('Conflict', `too many changes at once to the record of host ${name}`, {
    remedy: 'Repeat.',
  })
}
