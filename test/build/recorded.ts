import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { startCluster } from '../../local/cluster.ts'
import { type LoadHandler, loadFrom } from '../../local/functions.ts'
import { startSystem } from '../../local/system.ts'
import type { Permission } from './roles.ts'
import { root } from './run.ts'

/** Something a function asked of another server. */
export interface Asked {
  /** The function's key in `serverless.yml`. */
  readonly by: string
  readonly of: 'AWS' | 'StorPool' | 'an agent'
  readonly what: string
  /** What a role needs for it, of AWS. */
  readonly needs?: Permission
}

const onTable = (target: string, body: any): Permission => ({
  action: `dynamodb:${target}`,
  on: body.IndexName === undefined ? 'Table' : `Table/index/${body.IndexName}`,
  keys: (body.Item?.pk ?? body.Key?.pk ?? body.ExpressionAttributeValues?.[':pk'])?.S,
})

/** Where the id of a callback leads: its own text does not say. */
const someExecution = 'function:cinderless-dev-job-copy-image-to-volume:1/durable-execution/name/id'

const ofLambda: readonly (readonly [path: RegExp, action: string])[] = [
  [/\/functions\/([^/?]+)\/invocations/, 'InvokeFunction'],
  [/\/durable-executions\/([^/?]+)\/checkpoint/, 'CheckpointDurableExecution'],
  [/\/durable-executions\/([^/?]+)\/state/, 'GetDurableExecutionState'],
  [/\/durable-executions\/([^/?]+)(?:$|\?)/, 'GetDurableExecution'],
  [/\/durable-execution-callbacks\/[^/?]+\/succeed/, 'SendDurableExecutionCallbackSuccess'],
]

const onLambda = (path: string): Permission => {
  for (const [pattern, action] of ofLambda) {
    const found = pattern.exec(path)
    if (found === null) continue
    const [, name] = found
    const qualifier = /Qualifier=([^&]+)/.exec(path)?.[1]
    const plain = decodeURIComponent(name ?? someExecution).replace(/^arn:.*?:function:/, 'function:')
    const on = plain.startsWith('function:') ? plain : `function:${plain}`
    return { action: `lambda:${action}`, on: qualifier === undefined ? on : `${on}:${qualifier}` }
  }
  throw new Error(`${path} is a call of Lambda that nobody thought of`)
}

/** What one request is, once its body is there. */
const askedBy = (by: string, request: ClientRequest, body: string): Asked => {
  const path = request.path
  const [service, target] = String(request.getHeader('x-amz-target') ?? '').split('.')
  if (target === undefined && path.startsWith('/ctrl/1.0/')) return { by, of: 'StorPool', what: path }
  if (target === undefined && !/^\/20\d\d-/.test(path)) return { by, of: 'an agent', what: path }
  const needs =
    target === undefined
      ? onLambda(path)
      : service === 'AmazonSQS'
        ? { action: `sqs:${target}`, on: JSON.parse(body).QueueUrl.replace(/.*-/, '') }
        : onTable(target, JSON.parse(body))
  return { by, of: 'AWS', what: `${needs.action} ${needs.on}`, needs }
}

/** The cluster under a second name too, whose client the host with the agent is as well: volumes can be migrated there. */
const underTwoNames: typeof startCluster = async (...args) => {
  const cluster = await startCluster(...args)
  const { SP_API_HTTP_HOST, SP_API_HTTP_PORT, HOSTS = '{}', JOB_HOST = '' } = cluster.environment
  const { [JOB_HOST]: host, ...others } = JSON.parse(HOSTS)
  const asAClient = { ...others, [JOB_HOST]: { ...host, clients: { second: 1 } } }
  const second = { SP_API_HTTP_HOST, SP_API_HTTP_PORT: Number(SP_API_HTTP_PORT) }
  const told = { BACKENDS: JSON.stringify({ second }), HOSTS: JSON.stringify(asAClient) }
  return { ...cluster, environment: { ...cluster.environment, ...told } }
}

/** The whole system in this process, and with it all that its functions ask of others while it runs. */
export const startRecorded = async (state: string) => {
  const running = new AsyncLocalStorage<string>()
  const asked: Asked[] = []
  const created = (message: unknown) => {
    const by = running.getStore()
    if (by === undefined) return
    const { request } = message as { request: ClientRequest }
    let body = ''
    for (const name of ['write', 'end'] as const) {
      const send = request[name] as (...args: unknown[]) => any
      request[name] = (...args: unknown[]) => {
        if (typeof args[0] === 'string' || args[0] instanceof Uint8Array)
          body += Buffer.from(args[0] as string)
        if (name === 'end') asked.push(askedBy(by, request, body))
        return send.apply(request, args)
      }
    }
  }
  const load = loadFrom(root)
  const loadHandler: LoadHandler = async (fn) => {
    const handler = await load(fn)
    return (event, context) => running.run(fn.key, () => handler(event, context))
  }
  subscribe('http.client.request.created', created)
  const system = await startSystem({ state, port: 0, loadHandler, cluster: underTwoNames })
  return {
    system,
    asked,
    [Symbol.asyncDispose]: async () => {
      await system.close()
      unsubscribe('http.client.request.created', created)
    },
  }
}
