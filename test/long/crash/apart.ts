import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from './hold.ts'
import { startOutside, type Through } from './outside.ts'
import { behind, callsTo, leftoversIn, type Place } from './place.ts'
import { startProgram } from './program.ts'
import { settingsOfAgent } from './settings-of-agent.ts'

export interface ApartOptions {
  /** What is killed: the agent unless said; else the agent and the process of functions, queue and table. */
  readonly kills?: 'agent' | 'both'
  /** Settings of the agent beside those it needs. */
  readonly agent?: object
  /** @returns where functions and the agent find each other, and what is outside. */
  readonly through?: (name: 'agent' | Parameters<Through>[0], url: string) => string
}

export interface Apart extends Place {
  readonly outside: NonNullable<Place['outside']>
  /** Kill the agent, and have it up again after so many milliseconds. */
  away(ms: number): Promise<void>
  /** How large files may be that the agent and its children write, in bytes. */
  limitFiles(bytes: number | 'unlimited'): void
}

const token = 'of-the-simulator'
const password = 'of the backups'

/** Simulators, agent and the rest as processes of their own; what is killed is not all of them. */
export const apart = async (folder: string, options: ApartOptions = {}): Promise<Apart> => {
  const { kills = 'agent', through = (_, url) => url } = options
  const at = (...names: string[]) => join(folder, 'apart', ...names)
  const devicesOf = (client: number) => at('simulator/dev', String(client))
  for (const name of ['images', 'agent', 'simulator']) await mkdir(at(name), { recursive: true })
  const outside = await startOutside(at(), devicesOf, through)
  const secrets = { backups: { password }, ...outside.secrets }
  await writeFile(at('stores.json'), JSON.stringify(secrets), { mode: 0o600 })

  const data = ['--token', token, '--data', at('simulator')]
  const simulator = await startProgram('simulator/main.ts', ['--port', '0', ...data])
  const startAgent = async (port: number) => {
    const settings = settingsOfAgent(at(), port, outside.stores, options.agent)
    await writeFile(at('agent.json'), JSON.stringify(settings))
    return startProgram('agent/main.ts', ['--config', at('agent.json')])
  }
  let agent = await startAgent(0)
  const { url } = agent
  const hosts = {
    'host-1': { clientId: 1, clients: outside.clients, agent: through('agent', url) },
    'host-2': { clientId: 2 },
  }
  let listener = (_report: Report): void => {}
  const startSystem = async () => {
    const args = ['--port', '0', '--state', at('system'), '--no-images']
    const program = await startProgram('local/main.ts', args, {
      SP_API_HTTP_HOST: '127.0.0.1',
      SP_API_HTTP_PORT: new URL(simulator.url).port,
      SP_AUTH_TOKEN: token,
      STORPOOL_CONF: at('storpool.conf'),
      HOSTS: JSON.stringify(hosts),
      JOB_HOST: 'host-1',
      STORES_FILE: at('stores.json'),
      ...outside.environment,
    })
    program.onReport((report) => listener(report))
    return program
  }
  let system = await startSystem()

  const away = async (ms: number) => {
    await agent.kill()
    // Whoever asks now meets nobody.
    system.order({ release: true })
    await sleep(ms)
    agent = await startAgent(Number(new URL(url).port))
  }
  const killBoth = async () => {
    await Promise.all([system.kill(), agent.kill()])
    agent = await startAgent(Number(new URL(url).port))
    system = await startSystem()
  }
  return {
    images: at('images'),
    repository: { path: at('backups'), password },
    outside,
    devicesOf,
    ...callsTo(
      () => system.url,
      () => simulator.url,
      (what) => behind(system, what),
      outside,
    ),
    hold: (hold) => system.order({ hold }),
    slow: (slow) => agent.order({ slow }),
    onReport: (next) => {
      listener = next
    },
    strike: () => (kills === 'both' ? killBoth() : away(100)),
    away,
    limitFiles: (bytes) =>
      execFileSync('prlimit', ['--pid', String(agent.pid), `--fsize=${bytes}:unlimited`]),
    leftovers: () => leftoversIn(at('agent')),
    stop: async () => {
      for (const program of [system, agent, simulator]) await program.stop()
      await outside.close()
    },
  }
}
