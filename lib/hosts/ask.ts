import type { NamedHost } from '../driver/backend.ts'
import { isDriverError } from '../errors.ts'
import { type Meeting, meet, noteSilence } from './meet.ts'

export interface Asking extends Meeting {
  readonly hosts: readonly NamedHost[]
  /** Told of a host whose agent was not heard, or is not the host's: the others are asked all the same. */
  failed(host: string, reason: string): void
}

/**
 * Ask the agent on every host that has one who it is, and keep what it says. One that does not answer keeps nobody
 * waiting: GET /hosts tells.
 *
 * @throws Error naming the hosts whose agents say that they are others: nothing is attached there until somebody looks.
 */
export async function askHosts(to: Asking): Promise<{ asked: number; heard: number }> {
  const asked = to.hosts.filter(({ agent }) => agent !== undefined)
  const outcomes = await Promise.all(asked.map(async (host) => ({ host, is: await ask(to, host) })))
  const others = outcomes.filter(({ is }) => is === 'another').map(({ host }) => host.name)
  if (others.length > 0) throw new Error(`agents answer as other hosts or clients than ${others.join(', ')}`)
  return { asked: asked.length, heard: outcomes.filter(({ is }) => is === 'heard').length }
}

async function ask(to: Asking, host: NamedHost): Promise<'heard' | 'silent' | 'another'> {
  try {
    await meet(to, host)
    return 'heard'
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    to.failed(host.name, reason)
    if (isDriverError(error, 'UnknownHost')) return 'another'
    await noteSilence(to, host, reason)
    return 'silent'
  }
}
