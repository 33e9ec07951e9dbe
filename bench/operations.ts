import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as z from 'zod'
import { attachingBackendFor } from '../lib/lambda/records.ts'
import { type Bare, bareCalls } from './bare.ts'
import { node, root, start } from './child.ts'
import { cycle, farewell } from './cycle.ts'
import { rounded, type Timing, timed, timing } from './statistics.ts'

const token = 'bench'

export interface Measured extends Timing {
  /** How often as long as the same number of bare reads and writes, at p50; null where there are none. */
  readonly timesBare: { readonly http: number | null; readonly axios: number | null }
}

export interface OperationResult {
  readonly storpoolCalls: { readonly read: number; readonly write: number }
  /** The function of `lib/driver`. */
  readonly driver: Measured
  /** The handler of `functions/driver`, invoked directly. */
  readonly handler: Measured
}

type Handler = (event: object, context: object) => Promise<unknown>
const Module = z.object({ handler: z.custom<Handler>((value) => typeof value === 'function') })

const handlerOf = async (name: string): Promise<Handler> => {
  const module: unknown = await import(pathToFileURL(join(root, `functions/driver/${name}.ts`)).href)
  return Module.parse(module).handler
}

const Calls = z.array(z.object({ method: z.string() }))

/** What the simulator was asked while something ran. */
const counting = async (simulator: string, run: () => Promise<unknown>) => {
  await fetch(`${simulator}/_sim/reset`, { method: 'POST', body: '{}' })
  await run()
  const calls = Calls.parse(await (await fetch(`${simulator}/_sim/log`)).json())
  const read = calls.filter(({ method }) => method === 'GET').length
  return { read, write: calls.length - read }
}

const context = (functionName: string) => ({
  functionName,
  awsRequestId: 'bench',
  getRemainingTimeInMillis: () => 29_000,
})

/**
 * Time every operation, as a function and as a handler, and bare calls between them; simulator and table are other
 * processes, so that a client does not wait for its own server.
 *
 * @param folder for the state of both, empty
 * @param lives how often each is timed
 */
export const measureOperations = async (folder: string, lives: number) => {
  await using simulator = await start(
    node('simulator/main.ts', '--port', '0', '--token', token, '--data', join(folder, 'simulator')),
  )
  await using table = await start(node('bench/table.ts', join(folder, 'table')))
  const { hostname: host, port } = new URL(simulator.url)
  const endpoint = { host, port: Number(port), token }
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_DYNAMODB: table.url,
    TABLE_NAME: 'cinderless-dev-Table',
    SP_API_HTTP_HOST: host,
    SP_API_HTTP_PORT: port,
    SP_AUTH_TOKEN: token,
    HOSTS: JSON.stringify({ 'host-1': { clientId: 1 } }),
    LOG_LEVEL: 'error',
  })

  /** What a handler makes of an invocation. */
  const backend = (input: object = {}) => attachingBackendFor({ deadline: Date.now() + 27_500 }, input)

  const steps = await Promise.all(
    cycle.map(async (step) => {
      const handler = await handlerOf(step.name)
      const ways = {
        driver: async (input: object) => step.run(await backend(input), input),
        handler: (input: object) => handler(input, context(step.name)),
      }
      const taken: Record<'driver' | 'handler', number[]> = { driver: [], handler: [] }
      return { ...step, ways, taken, calls: { read: 0, write: 0 } }
    }),
  )
  const bare = await bareCalls(endpoint)

  for (const step of steps)
    step.calls = await counting(simulator.url, () => step.ways.handler(step.input('count')))
  await farewell(await backend(), 'count')

  const warmUp = Math.ceil(lives / 5)
  for (let n = -warmUp; n < lives; n++) {
    if (n === 0) {
      bare.forget()
      for (const { taken } of steps) for (const sample of Object.values(taken)) sample.length = 0
    }
    for (const way of ['driver', 'handler'] as const) {
      const life = `${way}-${n + warmUp}`
      for (const { ways, taken, input } of steps) await timed(taken[way], () => ways[way](input(life)))
      await farewell(await backend(), life)
    }
    await bare.measure()
  }

  const bareResult = bare.result()
  const measured = (sample: readonly number[], calls: OperationResult['storpoolCalls']): Measured => {
    const times = (way: Bare) => {
      const bareMs = calls.read * way.read.p50 + calls.write * way.write.p50
      return bareMs === 0 ? null : rounded(timing(sample).p50 / bareMs)
    }
    return { ...timing(sample), timesBare: { http: times(bareResult.http), axios: times(bareResult.axios) } }
  }
  const operations: Record<string, OperationResult> = {}
  for (const { name, taken, calls } of steps) {
    operations[name] = {
      storpoolCalls: calls,
      driver: measured(taken.driver, calls),
      handler: measured(taken.handler, calls),
    }
  }
  return { lives, bare: bareResult, operations }
}
