import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { logger } from '../lib/log.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { type Durable, openDurable } from './durable.ts'
import { startDurableApi } from './durable-api.ts'
import { awsEnvironment, type Endpoints, environmentOf, useEnvironment } from './environment.ts'
import { fingerprints } from './fingerprint.ts'
import { doorOf } from './front-door.ts'
import { type Functions, functionRunner, type LoadHandler, loadFrom } from './functions.ts'
import { startGateway } from './gateway.ts'
import { openLogFile } from './log-file.ts'
import { redirectOutput } from './output.ts'
import { partsIn } from './parts.ts'
import { type QueueServer, startQueues } from './queue.ts'
import { pollQueue } from './queue-poller.ts'
import { type Scheduler, startScheduler } from './schedule.ts'
import { readService, type Service } from './service.ts'
import { CannotStart, reasonOf, takeStateFolder } from './state.ts'
import { startTables } from './table.ts'

export interface SystemOptions {
  /** 8776 unless said; 0 takes any free port. */
  readonly port?: number
  /** Another address than one of this machine is accepted only where CINDERLESS_AUTH checks who calls. */
  readonly host?: string
  /** The folder that keeps everything; `.local` beside `serverless.yml` unless said. */
  readonly state?: string
  /** Forget what the folder holds. */
  readonly fresh?: boolean
  /** Where `serverless.yml` and the handlers are: this project unless said. */
  readonly root?: string
  readonly loadHandler?: LoadHandler
  /** Starts what stands for the cluster and its hosts; the simulator and an agent unless said. */
  readonly cluster?: typeof startCluster
  /** Functions' log lines go to standard output too. */
  readonly verbose?: boolean
  /** What can be in a thread of its own is: more passes through a system that runs for long. */
  readonly threads?: boolean
  /** How long running invocations may take to end when the system is closed, in milliseconds. */
  readonly drainMs?: number
}

export interface System extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Callers have to show who they are. */
  readonly checked: boolean
  /** The state folder, and the file in it that functions log to. */
  readonly state: string
  readonly log: string
  readonly service: Service
  readonly functions: Functions
  readonly durable: Durable
  readonly queues: QueueServer
  readonly scheduler: Scheduler
  readonly cluster: Cluster
  /** For AWS clients that want to look behind the API: region and credentials may be anything. */
  readonly endpoints: Endpoints
  /** Drain and stop: what runs may end, what waits goes on when a system is started on the same folder. */
  close(): Promise<void>
}

const project = dirname(dirname(fileURLToPath(import.meta.url)))
const defaultPort = 8776

/** The one address the outside sees; a port that is taken is said in words. */
const openGateway = async (
  functions: Functions,
  port: number,
  options: Parameters<typeof startGateway>[1],
) => {
  try {
    return await startGateway(functions, { ...options, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') {
      throw new CannotStart(
        `Port ${port} is in use. Stop what uses it, or use another one: npm start -- --port N`,
      )
    }
    if (code === 'EACCES')
      throw new CannotStart(`Port ${port} needs privileges. Use one above 1023: npm start -- --port N`)
    throw new CannotStart(reasonOf(error))
  }
}

/**
 * Start everything: cluster, agent, table, queues, durable executions, functions, schedules, and the gateway last.
 * One system per process: handlers read the environment, which is the process's, and keep the clients they made by it.
 *
 * @throws CannotStart with one line that names what is wrong and the remedy.
 */
export const startSystem = async (options: SystemOptions = {}): Promise<System> => {
  const { root = project, host = '127.0.0.1', drainMs = 10_000, cluster: clusterOf = startCluster } = options
  const auth = process.env.CINDERLESS_AUTH || 'user:project'
  const door = await doorOf(auth, host)
  const state = takeStateFolder(resolve(root, options.state ?? '.local'), options.fresh)
  const parts = partsIn(state.path)
  const nothing = () => undefined
  try {
    await parts.open(
      'the state',
      () => state,
      (taken) => taken.release(),
    )
    const logPath = state.at('log', 'functions.log')
    const file = await parts.open(
      'the log',
      () => openLogFile(logPath, options.verbose ?? false),
      (one) => one.close(),
    )
    await parts.open('the log', redirectOutput, (restore) => restore())
    const log = logger('info', file.write).info
    const readYaml = () => {
      try {
        return readService(join(root, 'serverless.yml'), { env: process.env, options: {} })
      } catch (error) {
        // It is the file that is wrong, and no state folder.
        throw new CannotStart(reasonOf(error))
      }
    }
    const service = await parts.open('the service', readYaml, nothing)
    const functions = functionRunner(service, options.loadHandler ?? loadFrom(root), file.write)
    for (const folder of ['images', 'table', 'queue', 'agent', 'simulator'])
      mkdirSync(state.at(folder), { recursive: true })

    const durablePath = { path: state.at('durable.db'), fingerprint: fingerprints(root) }
    const starting = [
      parts.open(
        'the cluster',
        () => clusterOf(process.env, state, logger('info', file.write)),
        (one) => one.close(),
      ),
      parts.open(
        'the table',
        () => startTables(service, state.at('table'), options.threads),
        (one) => one.close(),
      ),
      parts.open(
        'the queues',
        () => startQueues(service, state.at('queue')),
        (one) => one.close(),
      ),
      parts.open(
        'the durable executions',
        () => openDurable({ functions, log, ...durablePath }),
        (one) => one.close(),
      ),
    ] as const
    // All of them are waited for, so that none is left open when another has failed.
    await Promise.allSettled(starting)
    const [cluster, tables, queues, durable] = await Promise.all(starting)
    const durableApi = await parts.open(
      'the durable API',
      () => startDurableApi(durable, functions),
      (one) => one.close(),
    )

    const resourceOf = (key: string, attribute?: string): string => {
      const table = service.tables.get(key)
      if (table && attribute === undefined) return table.name
      if (service.queues.has(key)) return attribute === 'Arn' ? queues.queueArn(key) : queues.queueUrl(key)
      throw new Error(`serverless.yml: ${key}${attribute ? `.${attribute}` : ''} has no value on one machine`)
    }
    const endpoints = { dynamodb: tables.url, sqs: queues.url, lambda: durableApi.url }
    const environment = {
      ...environmentOf(service, resourceOf, Object.keys(cluster.environment)),
      ...awsEnvironment(service.region, endpoints),
      ...cluster.environment,
      CINDERLESS_AUTH: auth,
    }
    // A proxy in a person's shell is on the way to the internet, not to the simulator.
    const without = cluster.simulator === undefined ? [] : ['HTTPS_PROXY', 'https_proxy']
    await parts.open(
      'the environment',
      () => useEnvironment(environment, without),
      (restore) => restore(),
    )

    const pollers = service.queueSources.map((source) => pollQueue(source, queues, functions, { log }))
    const scheduler = startScheduler(service.schedules, functions, { path: state.at('schedules.json'), log })
    let until = 0
    const stopStarting = (): number => {
      until ||= Date.now() + drainMs
      for (const poller of pollers) poller.stop()
      scheduler.stop()
      durable.pause()
      return Math.max(0, until - Date.now())
    }
    const drain = async (): Promise<void> => {
      await functions.drain(stopStarting())
      // The last batches are taken off their queues.
      await Promise.race([
        Promise.all(pollers.map(({ done }) => done)),
        delay(1000, undefined, { ref: false }),
      ])
    }
    await parts.open('the functions', () => durable.begin(), drain)
    const gatewayOptions = { log, host, ...(door !== undefined && { door }) }
    const openFront = () => openGateway(functions, options.port ?? defaultPort, gatewayOptions)
    const gateway = await parts.open('the gateway', openFront, (one) => one.close(stopStarting()))
    state.announce(gateway.url)

    let closing: Promise<void> | undefined
    const close = (): Promise<void> => (closing ??= parts.close())
    return {
      url: gateway.url,
      port: gateway.port,
      checked: door !== undefined,
      state: state.path,
      log: logPath,
      service,
      functions,
      durable,
      queues,
      scheduler,
      cluster,
      endpoints,
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await parts.close()
    throw error
  }
}
