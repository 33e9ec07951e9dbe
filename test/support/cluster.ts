import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AttachingBackend, Host } from '../../lib/driver/backend.ts'
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
}

const twoHosts: readonly Host[] = [
  { name: 'host-1', clientId: 1 },
  { name: 'host-2', clientId: 2 },
]

/** A StorPool cluster of its own for one test, a table beside it, and a backend that speaks to both. */
export const startCluster = async (options: ClusterOptions = {}) => {
  const data = await mkdtemp(join(tmpdir(), 'cinderless-cluster-'))
  const templates = options.templates
  const simulator = await startSimulator({ port: 0, data, ...(templates ? { templates } : {}) })
  const storage = await startTable()
  const connection = connect({ host: '127.0.0.1', port: simulator.port, token: simulator.token })
  const hosts = options.hosts ?? twoHosts

  const within = (ms: number): AttachingBackend => ({
    storpool: connection.within(Date.now() + ms),
    hosts: {
      get: async (name) => hosts.find((host) => host.name === name),
      all: async () => hosts,
    },
    attachments: attachmentBook(storage.table),
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
      connection.close()
      await simulator.close()
      await storage[Symbol.asyncDispose]()
      await rm(data, { recursive: true, force: true })
    },
  }
}

export type Cluster = Awaited<ReturnType<typeof startCluster>>
