import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from './hold.ts'
import { behind, callsTo, leftoversIn, type Place } from './place.ts'
import { startProgram } from './program.ts'

export interface ApartOptions {
  /** Settings of the agent beside those it needs. */
  readonly agent?: { readonly stores?: object; readonly [setting: string]: unknown }
  /** What opens stores beside the repository. */
  readonly secrets?: object
  /** @returns where functions find the agent that is at this address. */
  readonly through?: (url: string) => string
}

export interface Apart extends Place {
  /** Kill the agent, and have it up again after so many milliseconds. */
  away(ms: number): Promise<void>
  /** How large files may be that the agent and its children write, in bytes. */
  limitFiles(bytes: number | 'unlimited'): void
}

const token = 'of-the-simulator'
const password = 'of the backups'

/** Simulator, agent and the rest as processes of their own; it is the agent alone that is killed. */
export const apart = async (folder: string, options: ApartOptions = {}): Promise<Apart> => {
  const at = (...names: string[]) => join(folder, 'apart', ...names)
  for (const name of ['images', 'agent', 'simulator']) await mkdir(at(name), { recursive: true })
  const secrets = { backups: { password }, ...options.secrets }
  await writeFile(at('stores.json'), JSON.stringify(secrets), { mode: 0o600 })

  const data = ['--token', token, '--data', at('simulator')]
  const simulator = await startProgram('simulator/main.ts', ['--port', '0', ...data])
  const startAgent = async (port: number) => {
    const config = {
      host: 'host-1',
      clientId: 1,
      storpoolConf: at('storpool.conf'),
      listen: { address: '127.0.0.1', port },
      devices: at('simulator/dev/1'),
      images: at('images'),
      state: at('agent'),
      segmentBytes: 16 * 1024 ** 2,
      backupUser: 'agent',
      ...options.agent,
      stores: {
        images: { kind: 'folder', path: at('images') },
        backups: { kind: 'restic', path: at('backups') },
        ...options.agent?.stores,
      },
    }
    await writeFile(at('agent.json'), JSON.stringify(config))
    return startProgram('agent/main.ts', ['--config', at('agent.json')])
  }
  let agent = await startAgent(0)
  const { url } = agent
  const hosts = {
    'host-1': { clientId: 1, agent: options.through?.(url) ?? url },
    'host-2': { clientId: 2 },
  }
  const system = await startProgram(
    'local/main.ts',
    ['--port', '0', '--state', at('system'), '--no-images'],
    {
      SP_API_HTTP_HOST: '127.0.0.1',
      SP_API_HTTP_PORT: new URL(simulator.url).port,
      SP_AUTH_TOKEN: token,
      STORPOOL_CONF: at('storpool.conf'),
      HOSTS: JSON.stringify(hosts),
      JOB_HOST: 'host-1',
      STORES_FILE: at('stores.json'),
    },
  )
  let listener = (_report: Report): void => {}
  system.onReport((report) => listener(report))

  const away = async (ms: number) => {
    await agent.kill()
    // Whoever asks now meets nobody.
    system.order({ release: true })
    await sleep(ms)
    agent = await startAgent(Number(new URL(url).port))
  }
  return {
    images: at('images'),
    repository: { path: at('backups'), password },
    devicesOf: (client) => at('simulator/dev', String(client)),
    ...callsTo(
      () => system.url,
      () => simulator.url,
      (what) => behind(system, what),
    ),
    hold: (hold) => system.order({ hold }),
    slow: (slow) => agent.order({ slow }),
    onReport: (next) => {
      listener = next
    },
    strike: () => away(100),
    away,
    limitFiles: (bytes) =>
      execFileSync('prlimit', ['--pid', String(agent.pid), `--fsize=${bytes}:unlimited`]),
    leftovers: () => leftoversIn(at('agent')),
    stop: async () => {
      await system.stop()
      await agent.stop()
      await simulator.stop()
    },
  }
}
