import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as z from 'zod'
import type { Asked } from './asked.ts'
import { type Send, withAxios, withHttp } from './bare.ts'
import { root } from './child.ts'
import type { Stand } from './stand.ts'
import type { Step } from './step.ts'

/** Ready for the life of that name; what is given back is the part to be timed. */
type Act = (life: string) => () => Promise<unknown>

export const wayNames = ['driver', 'handler', 'http', 'axios'] as const
export type Way = (typeof wayNames)[number]

type Handler = (event: object, context: object) => Promise<unknown>
const Module = z.object({ handler: z.custom<Handler>((value) => typeof value === 'function') })

const context = (functionName: string) => ({
  functionName,
  awsRequestId: 'bench',
  getRemainingTimeInMillis: () => 29_000,
})

/** The exported handler, invoked directly. */
export const throughHandler = async ({ name, input }: Step): Promise<Act> => {
  const module: unknown = await import(pathToFileURL(join(root, `functions/driver/${name}.ts`)).href)
  const { handler } = Module.parse(module)
  return (life) => {
    const given = input(life)
    return () => handler(given, context(name))
  }
}

/** The function of `lib/driver`, with a backend made for it. */
export const throughDriver =
  (stand: Stand, { input, run }: Step): Act =>
  (life) => {
    const given = input(life)
    return async () => run(await stand.backend(given), given)
  }

/** The life whose calls are noted. */
export const noted = 'life-noted'

/** Nothing but the calls that were noted, one after the other. */
const again =
  (send: Send, { calls }: Asked): Act =>
  (life) => {
    const mine: Asked['calls'] = JSON.parse(JSON.stringify(calls).replaceAll(noted, life))
    return async () => {
      for (const { method, path, body, status } of mine) {
        const answered = await send(method, path, body)
        if (answered !== status) throw new Error(`${path}: ${answered}, and ${status} when it was noted`)
      }
    }
  }

export const bareWays = ({ endpoint }: Stand): ((asked: Asked) => Record<'http' | 'axios', Act>) => {
  const [http, axios] = [withHttp(endpoint), withAxios(endpoint)]
  return (asked) => ({ http: again(http, asked), axios: again(axios, asked) })
}
