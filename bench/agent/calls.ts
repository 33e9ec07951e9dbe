import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { type AgentClient, agentClient } from '../../lib/agent/client.ts'
import { keygen, sshdProgram, startSshd } from '../../test/long/agent/sshd.ts'
import { type Timing, timed, timing } from '../statistics.ts'
import type { BenchHost } from './host.ts'

export type CallKind = 'tlsKeptAlive' | 'tlsNewConnection' | 'sshKeptAlive' | 'sshNewConnection'

export interface Calls {
  /** Milliseconds of a call that asks how the agent is; null where it could not be made. */
  readonly ms: Readonly<Record<CallKind, Timing | null>>
  /** What could not be measured here, and why. */
  readonly notMeasured: readonly string[]
}

const soon = () => Date.now() + 20_000

const kept = async (client: AgentClient, times: number): Promise<Timing> => {
  const sample: number[] = []
  for (let n = -3; n < times; n++) await timed(n < 0 ? [] : sample, () => client.health(soon()))
  client.close()
  return timing(sample)
}

/** Each call by a client of its own, so that nothing is kept. */
const fresh = async (newClient: () => AgentClient, times: number): Promise<Timing> => {
  const sample: number[] = []
  for (let n = -1; n < times; n++) {
    const client = newClient()
    await timed(n < 0 ? [] : sample, () => client.health(soon()))
    client.close()
  }
  return timing(sample)
}

/** Calls through Debian's sshd, whose forced command is the bundle's. */
const overSsh = async ({ at, bundle }: BenchHost, times: number) => {
  const folder = at('ssh')
  await mkdir(folder)
  const file = keygen(at('ssh/key'))
  const words = [process.execPath, bundle, 'rpc', '--socket', at('rpc.sock'), '--roles', 'read']
  const command = words.map((word) => `'${word}'`).join(' ')
  const line = `restrict,command="${command}" ${await readFile(`${file}.pub`, 'utf8')}`
  await using server = await startSshd(folder, [line.trim()])
  const sshKey = await readFile(file, 'utf8')
  const newClient = () => agentClient({ url: server.url(), credentials: async () => ({ sshKey }) })
  return { sshKeptAlive: await kept(newClient(), times), sshNewConnection: await fresh(newClient, times) }
}

/**
 * Time calls of the agent, each way.
 *
 * @param times how often on a connection that is kept; a tenth as often on new ones, and over SSH
 */
export const measureCalls = async (host: BenchHost, times: number): Promise<Calls> => {
  const few = Math.ceil(times / 10)
  const tls = {
    tlsKeptAlive: await kept(host.newClient(), times),
    tlsNewConnection: await fresh(host.newClient, few),
  }
  if (!existsSync(sshdProgram)) {
    const reason = `calls over SSH: ${sshdProgram} is not installed (apt-get install openssh-server)`
    return { ms: { ...tls, sshKeptAlive: null, sshNewConnection: null }, notMeasured: [reason] }
  }
  return { ms: { ...tls, ...(await overSsh(host, few)) }, notMeasured: [] }
}
