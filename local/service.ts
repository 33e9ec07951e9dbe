import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { Queue, ServiceFile, Table, type Value } from './service-schema.ts'
import { parseServiceFile, resolveVariables, type Variables } from './yaml.ts'

export type { Value } from './service-schema.ts'

/** One function of `serverless.yml`. */
export interface ServiceFunction {
  /** Its key in the file, such as `create-volume`. */
  readonly key: string
  /** Its name in AWS, such as `cinderless-dev-create-volume`. */
  readonly name: string
  /** The module without its extension, relative to the service file, and what it exports. */
  readonly module: string
  readonly export: string
  readonly timeoutSeconds: number
  readonly memoryMb: number
  readonly environment: Readonly<Record<string, Value>>
  readonly durable?: { readonly executionTimeoutSeconds: number; readonly retentionDays: number }
}

export interface Route {
  /** Upper case, or `ANY`. */
  readonly method: string
  readonly path: string
  readonly function: string
  /** The caller is known to AWS, and told to the function. */
  readonly iam: boolean
}

export interface QueueSource {
  /** The queue's name in `resources`. */
  readonly queue: string
  readonly function: string
  readonly batchSize: number
  readonly batchWindowSeconds: number
  readonly maximumConcurrency: number | undefined
  /** The function names the messages that failed; otherwise one failure fails the batch. */
  readonly reportsFailures: boolean
}

export interface ScheduleSource {
  readonly name: string
  readonly function: string
  readonly expression: string
  readonly input: unknown
}

/** What `npm start` takes from `serverless.yml`: there is no second list of functions, routes, queues or tables. */
export interface Service {
  readonly name: string
  readonly stage: string
  readonly region: string
  readonly functions: ReadonlyMap<string, ServiceFunction>
  readonly routes: readonly Route[]
  readonly queueSources: readonly QueueSource[]
  readonly schedules: readonly ScheduleSource[]
  /** By their name in `resources`; `name` is the one in AWS. */
  readonly queues: ReadonlyMap<string, Queue & { readonly name: string }>
  readonly tables: ReadonlyMap<string, Table & { readonly name: string }>
}

/** Resources that change nothing on one machine: permissions, networks, keys, log groups, alarms. */
const withoutEffect =
  /^AWS::(IAM|Logs|CloudWatch|EC2|KMS|SecretsManager|SSM|Budgets|ApiGatewayV2|SQS::QueuePolicy|Lambda::Permission)(::|$)/

const parsed = <T>(schema: z.ZodType<T>, value: unknown, what: string): T => {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new Error(`${what} has something this system does not understand.\n${z.prettifyError(result.error)}`)
}

/**
 * Make the typed description out of a service file's text.
 *
 * @throws Error naming what is not understood: an event of another kind, an unknown property, a resource with an effect.
 */
export const describeService = (text: string, variables: Variables): Service => {
  const raw = parseServiceFile(text)
  const whole = parsed(
    z.object({
      service: z.unknown(),
      provider: z.unknown(),
      functions: z.unknown(),
      resources: z.unknown().optional(),
    }),
    raw,
    'serverless.yml',
  )
  const file = parsed(ServiceFile, resolveVariables(raw, whole, variables), 'serverless.yml')
  const { provider } = file
  const prefix = `${file.service}-${provider.stage}-`

  const functions = new Map<string, ServiceFunction>()
  const routes: Route[] = []
  const queueSources: QueueSource[] = []
  const schedules: ScheduleSource[] = []
  for (const [key, entry] of Object.entries(file.functions)) {
    const dot = entry.handler.lastIndexOf('.')
    functions.set(key, {
      key,
      name: prefix + key,
      module: entry.handler.slice(0, dot),
      export: entry.handler.slice(dot + 1),
      timeoutSeconds: entry.timeout ?? provider.timeout,
      memoryMb: entry.memorySize ?? provider.memorySize,
      environment: { ...provider.environment, ...entry.environment },
      ...(entry.durableConfig && {
        durable: {
          executionTimeoutSeconds: entry.durableConfig.executionTimeout,
          retentionDays: entry.durableConfig.retentionPeriodInDays,
        },
      }),
    })
    for (const event of entry.events) {
      if (event.httpApi) {
        const { method, path, authorizer } = event.httpApi
        const upper = method === '*' ? 'ANY' : method.toUpperCase()
        routes.push({ method: upper, path, function: key, iam: authorizer !== undefined })
      } else if (event.sqs) {
        const { arn, batchSize, maximumBatchingWindow, maximumConcurrency, functionResponseType } = event.sqs
        if (!event.sqs.enabled) continue
        queueSources.push({
          queue: arn,
          function: key,
          batchSize,
          batchWindowSeconds: maximumBatchingWindow,
          maximumConcurrency,
          reportsFailures: functionResponseType !== undefined,
        })
      } else if (event.schedule?.enabled) {
        for (const [index, expression] of event.schedule.rate.entries()) {
          schedules.push({
            name: `${key}-${index + 1}`,
            function: key,
            expression,
            input: event.schedule.input,
          })
        }
      }
    }
  }

  const queues = new Map<string, Queue & { name: string }>()
  const tables = new Map<string, Table & { name: string }>()
  for (const [key, { Type, Properties }] of Object.entries(file.resources.Resources)) {
    if (Type === 'AWS::SQS::Queue') {
      const queue = parsed(Queue, Properties ?? {}, `serverless.yml: queue ${key}`)
      queues.set(key, { ...queue, name: queue.QueueName ?? prefix + key })
    } else if (Type === 'AWS::DynamoDB::Table') {
      const table = parsed(Table, Properties, `serverless.yml: table ${key}`)
      tables.set(key, { ...table, name: table.TableName ?? prefix + key })
    } else if (!withoutEffect.test(Type)) {
      throw new Error(`serverless.yml: resource ${key} is a ${Type}, which this system does not have`)
    }
  }
  for (const { queue, function: key } of queueSources) {
    if (!queues.has(queue))
      throw new Error(`serverless.yml: function ${key} reads from ${queue}, which is no queue in resources`)
  }
  const stage = provider.stage
  return {
    name: file.service,
    stage,
    region: provider.region,
    functions,
    routes,
    queueSources,
    schedules,
    queues,
    tables,
  }
}

/** Read and describe a service file. */
export const readService = async (path: string, variables: Variables): Promise<Service> =>
  describeService(await readFile(path, 'utf8'), variables)
