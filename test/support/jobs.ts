import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DurableLambdaHandler } from '@aws/durable-execution-sdk-js'
import { LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing'
import { parseConfig } from '../../agent/config.ts'
import { startAgent } from '../../agent/server.ts'
import type { JobDocument } from '../../lib/jobs/document.ts'
import { logger } from '../../lib/log.ts'
import { jobRecords } from '../../lib/store/jobs.ts'
import { startFunctions } from './functions.ts'

const now = () => new Date().toISOString()

interface More {
  readonly segmentBytes?: number
  /** Of the agent's, beside its own. */
  readonly stores?: object
  /** What opens them. */
  readonly secrets?: object
  readonly environment?: Record<string, string>
}

/** A cluster, a real agent on host-1, and the deployed job handlers under the durable SDK's own runner. */
export const startJobs = async ({ segmentBytes = 1024 ** 2, ...more }: More = {}) => {
  const functions = await startFunctions('driver', {
    QUEUE_URL: 'http://127.0.0.1:9/none',
    ...more.environment,
  })
  const { simulator, table } = functions.cluster
  const images = join(simulator.data, 'images')
  const [shelf, repository] = [join(simulator.data, 'shelf'), join(simulator.data, 'backups')]
  for (const folder of [images, shelf]) await mkdir(folder)
  // Where the agent is root, what it runs for backups is somebody else, who has to get to them.
  await chmod(simulator.data, 0o711)
  const stores = join(simulator.data, 'stores.json')
  await writeFile(stores, JSON.stringify({ nightly: { password: 'of the backups' }, ...more.secrets }))
  process.env.STORES_FILE = stores
  const agentAt = (port: number) => {
    const config = parseConfig({
      host: 'host-1',
      clientId: 1,
      listen: { address: '127.0.0.1', port },
      devices: simulator.devicesOf(1),
      images,
      state: join(simulator.data, 'agent'),
      segmentBytes,
      maxTasks: 4,
      stores: {
        shelf: { kind: 'folder', path: shelf },
        nightly: { kind: 'restic', path: repository },
        ...more.stores,
      },
    })
    return startAgent(config, logger('error'))
  }
  let agent = await agentAt(0)
  process.env.HOSTS = JSON.stringify({
    'host-1': { clientId: 1, agent: agent.url },
    'host-2': { clientId: 2 },
    // Its address is host-1's.
    'host-3': { clientId: 3, agent: agent.url },
  })
  await LocalDurableTestRunner.setupTestEnvironment()

  return {
    ...functions,
    images,
    shelf,
    repository,
    records: jobRecords(table, now),
    agent,
    /** Cut off what the agent does, and start it again at the same address. */
    restartAgent: async (meanwhile: () => Promise<unknown>) => {
      const { port } = agent
      await agent.close()
      await meanwhile()
      agent = await agentAt(port)
    },
    run: async (document: JobDocument) => {
      const module: { handler: DurableLambdaHandler } = await import(
        new URL(`../../functions/jobs/${document.kind}.ts`, import.meta.url).href
      )
      return new LocalDurableTestRunner({ handlerFunction: module.handler }).run({ payload: document })
    },
    [Symbol.asyncDispose]: async () => {
      await LocalDurableTestRunner.teardownTestEnvironment()
      await agent.close()
      await functions[Symbol.asyncDispose]()
    },
  }
}
