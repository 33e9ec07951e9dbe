import { rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '../lib/log.ts'
import { confFiles, settingsOf } from '../lib/storpool/conf.ts'
import { CannotStart, reasonOf, type StateFolder } from './state.ts'

/** The name under which this machine is known to a simulated cluster, and how many clients that has. */
const hostName = 'host-1'
const clients = 16

/** A StorPool cluster, and the agent on the host that copies images. */
export interface Cluster {
  /** What functions are told of them. */
  readonly environment: Readonly<Record<string, string>>
  /** The simulator's address, where there is one. */
  readonly simulator: string | undefined
  /** What the host lacks, each as a sentence with its remedy. */
  readonly missing: readonly string[]
  close(): Promise<void>
}

/** Secrets are read by an extension of Lambda's: on one machine they are in files, for all functions. */
const noSecret = { AGENT_CREDENTIALS_SECRET: '', STORES_SECRET: '', OS_PASSWORD_SECRET: '' }

/** Clients of Block Storage say this machine's own name: by that it is a host too, the one with the agent. */
const hostsOf = (ids: readonly number[], agentId: number, agent: string): string =>
  JSON.stringify({
    [hostname()]: { clientId: agentId },
    ...Object.fromEntries(
      ids.map((id) => [`host-${id}`, { clientId: id, ...(id === agentId && { agent }) }]),
    ),
  })

/** Certificates for this run alone: those of the last one, and whoever copied them, are let in no more. */
const freshCerts = async (folder: string, host: string) => {
  const { writeCerts } = await import('../agent/certs.ts')
  rmSync(folder, { recursive: true, force: true })
  await writeCerts({ out: folder, host, clients: true, days: 365 })
  const [ca, cert, key] = ['ca.crt', 'server.crt', 'server.key'].map((name) => join(folder, name))
  return {
    tls: { ca, cert, key },
    environment: { ...noSecret, AGENT_CREDENTIALS_FILE: join(folder, 'data.json') },
  }
}

interface ThisHost {
  readonly host: string
  readonly clientId: number
  readonly devices: string
}

/** Milliseconds in which Keystone says where Glance is. */
const FIND_GLANCE_MS = 10_000

/** The store that images of Glance's come from and go to, where OS_AUTH_URL says whom to ask for it. */
const glanceStore = async (): Promise<{ readonly stores: object; readonly missing: readonly string[] }> => {
  const { openStackConfig } = await import('../lib/config.ts')
  const { glanceFor } = await import('../lib/lambda/glance.ts')
  const { GLANCE_STORE } = await import('../lib/volumes/images.ts')
  try {
    if (openStackConfig() === undefined) return { stores: {}, missing: [] }
    const endpoint = await glanceFor({ deadline: Date.now() + FIND_GLANCE_MS }).endpoint()
    return { stores: { [GLANCE_STORE]: { kind: 'glance', endpoint } }, missing: [] }
  } catch (error) {
    const line = `No image is copied: ${reasonOf(error)}. Correct OS_AUTH_URL and what goes with it, and start again`
    return { stores: {}, missing: [line] }
  }
}

const agentOf = async (state: StateFolder, { host, clientId, devices }: ThisHost, log: Logger) => {
  const { parseConfig } = await import('../agent/config.ts')
  const { clientNames } = await import('../agent/roles.ts')
  const { startAgent } = await import('../agent/server.ts')
  const { tls, environment } = await freshCerts(state.at('agent-tls'), host)
  const stores = state.at('stores.json')
  const opening = JSON.stringify({ backups: { password: state.secret('backups-password') } })
  writeFileSync(stores, opening, { mode: 0o600 })
  const glance = await glanceStore()
  const agent = await startAgent(
    parseConfig({
      host,
      clientId,
      // This machine's own storpool.conf may speak of another cluster, and was read already where it does not.
      storpoolConf: state.at('storpool.conf'),
      listen: { address: '127.0.0.1', port: 0 },
      // One pair for all functions.
      tls: { ...tls, clients: { [clientNames.data]: ['attach', 'data', 'backup'] } },
      devices,
      images: state.at('images'),
      state: state.at('agent'),
      stores: {
        images: { kind: 'folder', path: state.at('images') },
        backups: { kind: 'restic', path: state.at('backups') },
        ...glance.stores,
      },
      // The state folder is open to nobody else.
      backupUser: 'agent',
      // Small segments: progress on a small image can be watched.
      segmentBytes: 16 * 1024 ** 2,
    }),
    log,
  )
  const missing = [...agent.missing, ...glance.missing]
  return { agent, missing, environment: { ...environment, STORES_FILE: stores } }
}

/** The simulator, and an agent that sees the devices of its client 1. */
const simulated = async (state: StateFolder, log: Logger): Promise<Cluster> => {
  const { startSimulator } = await import('../simulator/server.ts')
  const token = state.secret('simulator-token')
  const simulator = await startSimulator({ port: 0, host: '127.0.0.1', token, data: state.at('simulator') })
  try {
    const here = { host: hostName, clientId: 1, devices: simulator.devicesOf(1) }
    const { agent, missing, environment } = await agentOf(state, here, log)
    const ids = Array.from({ length: clients }, (_, index) => index + 1)
    return {
      environment: {
        SP_API_HTTP_HOST: '127.0.0.1',
        SP_API_HTTP_PORT: String(simulator.port),
        SP_AUTH_TOKEN: token,
        // What this machine says elsewhere is of other clusters.
        STORPOOL_CONF: state.at('storpool.conf'),
        BACKENDS: '',
        SP_API_HTTP_TLS: '',
        HOSTS: hostsOf(ids, 1, agent.url),
        ...environment,
        JOB_HOST: hostName,
      },
      simulator: simulator.url,
      missing,
      async close() {
        await agent.close()
        await simulator.close()
      },
    }
  } catch (error) {
    await simulator.close()
    throw error
  }
}

/** A cluster that is there: this machine is one of its hosts, unless `HOSTS` names others. */
const real = async (env: NodeJS.ProcessEnv, state: StateFolder, log: Logger): Promise<Cluster> => {
  if (!env.SP_AUTH_TOKEN) {
    throw new CannotStart(
      'SP_API_HTTP_HOST is set and SP_AUTH_TOKEN is not. Set both to reach a cluster, or neither to use the simulator',
    )
  }
  if (env.HOSTS) {
    return { environment: noSecret, simulator: undefined, missing: [], close: async () => undefined }
  }
  const host = hostname()
  const id = env.SP_OURID ?? settingsOf(confFiles(env.STORPOOL_CONF), host).SP_OURID
  if (id === undefined) {
    const missing = `${host} has no client id (SP_OURID in storpool.conf), so nothing is attached to it: set SP_OURID, or HOSTS`
    return { environment: noSecret, simulator: undefined, missing: [missing], close: async () => undefined }
  }
  const { agent, missing, environment } = await agentOf(
    state,
    { host, clientId: Number(id), devices: '/dev' },
    log,
  )
  return {
    environment: {
      HOSTS: JSON.stringify({ [host]: { clientId: Number(id), agent: agent.url } }),
      ...environment,
      JOB_HOST: host,
    },
    simulator: undefined,
    missing,
    close: () => agent.close(),
  }
}

/** The cluster named by `SP_API_HTTP_HOST`, else a simulated one with its data in the state folder. */
export const startCluster = (env: NodeJS.ProcessEnv, state: StateFolder, log: Logger): Promise<Cluster> =>
  env.SP_API_HTTP_HOST ? real(env, state, log) : simulated(state, log)
