import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeviceBackend } from '../lib/driver/backend.ts'
import { deviceBackendFor } from '../lib/lambda/devices.ts'
import type { StorPoolOptions } from '../lib/storpool/client.ts'
import { node, start } from './child.ts'

export type Endpoint = Pick<StorPoolOptions, 'host' | 'port' | 'token'>

/** What is measured against. */
export interface Stand extends AsyncDisposable {
  readonly endpoint: Endpoint
  /** Addresses of what stands for AWS, as `host:port`. */
  readonly aws: readonly string[]
  /** A call of the simulator's own, such as `GET log`. */
  control(call: string, body?: object): Promise<unknown>
  /** What a handler makes of an invocation. */
  backend(input?: object): Promise<DeviceBackend>
}

const token = 'bench'

const startAgent = async (folder: string, devices: string) => {
  const config = join(folder, 'agent.json')
  const listen = { address: '127.0.0.1', port: 0 }
  const [images, state] = ['images', 'agent'].map((name) => join(folder, name))
  await writeFile(config, JSON.stringify({ host: 'host-1', clientId: 1, listen, devices, images, state }))
  return start(node('agent/main.ts', '--config', config))
}

/**
 * A cluster, a host's agent, a table and a queue, in other processes, so that a client does not wait for its own server; this process's
 * environment says where they are, as a function's does.
 *
 * @param folder for the state of all, empty
 */
export const startStand = async (folder: string): Promise<Stand> => {
  await Promise.all(
    ['table', 'queue', 'images'].map((name) => mkdir(join(folder, name), { recursive: true })),
  )
  const stack = new AsyncDisposableStack()
  const simulator = stack.use(
    await start(
      node('simulator/main.ts', '--port', '0', '--token', token, '--data', join(folder, 'simulator')),
    ),
  )
  const agent = stack.use(await startAgent(folder, join(folder, 'simulator/dev/1')))
  const records = stack.use(await start(node('bench/records.ts', folder)))
  const [table = '', sqs = '', queue = ''] = records.url.split(' ')
  const { hostname: host, port } = new URL(simulator.url)
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_DYNAMODB: table,
    AWS_ENDPOINT_URL_SQS: sqs,
    TABLE_NAME: 'cinderless-dev-Table',
    QUEUE_URL: queue,
    SP_API_HTTP_HOST: host,
    SP_API_HTTP_PORT: port,
    SP_AUTH_TOKEN: token,
    HOSTS: JSON.stringify({ 'host-1': { clientId: 1, agent: agent.url } }),
    JOB_HOST: 'host-1',
    LOG_LEVEL: 'error',
  })
  return {
    endpoint: { host, port: Number(port), token },
    aws: [table, sqs].map((url) => new URL(url).host),
    control: async (call, body) => {
      const [method = '', path = ''] = call.split(' ')
      const response = await fetch(`${simulator.url}/_sim/${path}`, {
        method,
        ...(body && { body: JSON.stringify(body) }),
      })
      return response.json()
    },
    backend: (input = {}) => deviceBackendFor({ deadline: Date.now() + 27_500 }, input),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
