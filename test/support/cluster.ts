import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '../../agent/config.ts'
import { startAgent } from '../../agent/server.ts'
import { agentClient } from '../../lib/agent/client.ts'
import type { DeviceBackend, Host } from '../../lib/driver/backend.ts'
import { DriverError } from '../../lib/errors.ts'
import { logger } from '../../lib/log.ts'
import { attachmentBook } from '../../lib/store/attachments.ts'
import { connect } from '../../lib/storpool/client.ts'
import { startSimulator } from '../../simulator/server.ts'
import { startTable } from './table.ts'

export interface ClusterOptions {
  readonly templates?: string[]
  readonly defaultTemplate?: string
  readonly hosts?: readonly Host[]
  readonly prefix?: string
  readonly refusesAttachedRevert?: boolean
  /** Start a real agent on host-1. */
  readonly agent?: boolean
}

const twoHosts: readonly Host[] = [
  { name: 'host-1', clientId: 1 },
  { name: 'host-2', clientId: 2 },
]

const startHostAgent = async (data: string, devices: string) => {
  const images = join(data, 'images')
  await mkdir(images)
  const agent = await startAgent(
    parseConfig({
      host: 'host-1',
      clientId: 1,
      listen: { address: '127.0.0.1', port: 0 },
      devices,
      images,
      state: join(data, 'agent'),
    }),
    logger('error'),
  )
  const client = agentClient({ url: agent.url })
  return {
    client,
    close: async () => {
      client.close()
      await agent.close()
    },
  }
}

/** A StorPool cluster of its own for one test, a table beside it, and a backend that speaks to both. */
export const startCluster = async (options: ClusterOptions = {}) => {
  const data = await mkdtemp(join(tmpdir(), 'cinderless-cluster-'))
  const templates = options.templates
  const simulator = await startSimulator({ port: 0, data, ...(templates ? { templates } : {}) })
  const storage = await startTable()
  const connection = connect({ host: '127.0.0.1', port: simulator.port, token: simulator.token })
  const hosts = options.hosts ?? twoHosts

  const agent = options.agent ? await startHostAgent(data, simulator.devicesOf(1)) : undefined

  const within = (ms: number): DeviceBackend => ({
    storpool: connection.within(Date.now() + ms),
    hosts: {
      get: async (name) => hosts.find((host) => host.name === name),
      all: async () => hosts,
    },
    attachments: attachmentBook(storage.table),
    agentOn: async (host) => {
      if (agent === undefined || host.clientId !== 1) {
        throw new DriverError('HostNotReady', `host ${host.name} has no agent`)
      }
      return agent.client
    },
    within: (some) => Date.now() + Math.min(ms, some),
    prefix: options.prefix ?? 'os',
    defaults: {
      template: options.defaultTemplate,
      replication: 3,
      refusesAttachedRevert: options.refusesAttachedRevert ?? true,
    },
  })

  return {
    simulator,
    table: storage.table,
    /** A new one each time, as each invocation has its own deadline. */
    get backend() {
      return within(10_000)
    },
    /** A backend whose calls end after so many milliseconds. */
    within,
    [Symbol.asyncDispose]: async () => {
      await agent?.close()
      connection.close()
      await simulator.close()
      await storage[Symbol.asyncDispose]()
      await rm(data, { recursive: true, force: true })
    },
  }
}

export type Cluster = Awaited<ReturnType<typeof startCluster>>
