import { readdir } from 'node:fs/promises'
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import { isHttp } from '../../lib/lambda/event.ts'
import { type ClusterOptions, startCluster } from './cluster.ts'
import { aContext, anHttpEvent } from './makers.ts'
import { checkOwnAnswer } from './own-answers.ts'

type Handler = (event: unknown, context: Context) => Promise<unknown>

/**
 * The exported handlers of a folder of functions, against a cluster of their own, set up by the environment as when
 * deployed. One per test file: a function reads its environment once.
 * What they answer is held against the schemas that describe it.
 */
export const startFunctions = async (
  folder: string,
  environment: Record<string, string> = {},
  options: ClusterOptions = {},
) => {
  const cluster = await startCluster(options)
  Object.assign(process.env, {
    SP_API_HTTP_HOST: '127.0.0.1',
    SP_API_HTTP_PORT: String(cluster.simulator.port),
    SP_AUTH_TOKEN: cluster.simulator.token,
    TABLE_NAME: cluster.table.name,
    HOSTS: JSON.stringify({ 'host-1': { clientId: 1 }, 'host-2': { clientId: 2 } }),
    LOG_LEVEL: 'error',
    ...environment,
  })
  const room = new URL(`../../functions/${folder}/`, import.meta.url)
  const files = (await readdir(room)).filter((file) => file.endsWith('.ts'))
  const handlers: Record<string, Handler> = {}
  for (const file of files) {
    const module: { handler: Handler } = await import(new URL(file, room).href)
    handlers[file.replace('.ts', '').replaceAll('-', '_')] = module.handler
  }
  const named = (method: string): Handler => {
    const handler = handlers[method]
    if (handler === undefined)
      throw new Error(`no function ${method} among ${Object.keys(handlers).join(', ')}`)
    return handler
  }

  return {
    cluster,
    methods: Object.keys(handlers),
    /** As Lambda's Invoke does. */
    async invoke(method: string, input: unknown, remainingMs?: number) {
      const output = await named(method)(input, aContext(method, remainingMs))
      if (folder === 'driver' && !isHttp(input)) checkOwnAnswer('POST', `/driver/${method}`, 200, output)
      return output
    },
    /** As API Gateway does: the status and the parsed body. */
    async post(method: string, body: unknown, headers: Record<string, string> = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const event = anHttpEvent('POST', `/${folder}/${method}`, { body: text, headers })
      const result = (await named(method)(event, aContext(method))) as APIGatewayProxyStructuredResultV2
      const answer = JSON.parse(result.body ?? 'null')
      checkOwnAnswer('POST', `/${folder}/${method}`, result.statusCode ?? 0, answer)
      return { status: result.statusCode, headers: result.headers ?? {}, body: answer }
    },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}

export type Functions = Awaited<ReturnType<typeof startFunctions>>
