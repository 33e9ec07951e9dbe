import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packagedFunctions } from '../../../build/functions.ts'
import { readService, type Service } from '../../../local/service.ts'
import { type Package, packageService } from '../../build/packaged.ts'
import { allows, permissionsOf, roleOf } from '../../build/roles.ts'
import { root, runNode } from '../../build/run.ts'
import { unzip } from '../../build/unzip.ts'

let packaged: Package
let service: Service

beforeAll(async () => {
  packaged = await packageService({ bundle: true })
  service = await readService(join(root, 'serverless.yml'), { env: {}, options: {} })
}, 240_000)
afterAll(() => packaged?.[Symbol.asyncDispose]())

/** The key in `serverless.yml` of what a template refers to by `Fn::GetAtt`. */
const functionAt = (logicalId: string) =>
  packaged.resources[logicalId]?.Properties.FunctionName.replace(`${service.name}-${service.stage}-`, '')

const asInTemplate = (value: unknown) =>
  typeof value === 'object' && value !== null && 'ref' in value ? { Ref: value.ref } : value

const sorted = (values: readonly string[]) => [...values].sort()

describe('what is deployed is what npm start runs', () => {
  test('the functions, with their names, handlers, time limits, memory and environment', () => {
    const deployed = packaged.ofType('AWS::Lambda::Function').map(([, { Properties }]) => ({
      name: Properties.FunctionName,
      handler: Properties.Handler,
      timeoutSeconds: Properties.Timeout,
      memoryMb: Properties.MemorySize,
      environment: Properties.Environment.Variables,
      durable: Properties.DurableConfig,
    }))

    const local = [...service.functions.values()].map((fn) => ({
      name: fn.name,
      handler: `${fn.module}.${fn.export}`,
      timeoutSeconds: fn.timeoutSeconds,
      memoryMb: fn.memoryMb,
      environment: Object.fromEntries(
        Object.entries(fn.environment).map(([name, value]) => [name, asInTemplate(value)]),
      ),
      durable: fn.durable && {
        ExecutionTimeout: fn.durable.executionTimeoutSeconds,
        RetentionPeriodInDays: fn.durable.retentionDays,
      },
    }))
    expect(new Set(deployed)).toEqual(new Set(local))
  })

  test('the routes, to the same functions, and only those without a check of AWS that check themselves or tell no secret', () => {
    const deployed = packaged.ofType('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => {
      const integration = packaged.resources[Properties.Target['Fn::Join'][1][1].Ref]
      const target = integration?.Properties.IntegrationUri['Fn::GetAtt'][0]
      return `${Properties.RouteKey} ${functionAt(target)} ${Properties.AuthorizationType ?? 'NONE'}`
    })

    const local = service.routes.map((route) => {
      return `${route.method} ${route.path} ${route.function} ${route.iam ? 'AWS_IAM' : 'NONE'}`
    })
    expect(sorted(deployed)).toEqual(sorted(local))
    const open = deployed.filter((route) => !route.endsWith('AWS_IAM'))
    expect(open.filter((route) => !/^\S+ \S+ (api-[a-z-]+|docs) NONE$/.test(route))).toEqual([])
  })

  test('the queues, and who reads them', () => {
    const queues = packaged.ofType('AWS::SQS::Queue').map(([key, { Properties }]) => ({
      key,
      visibility: Properties.VisibilityTimeout,
      retention: Properties.MessageRetentionPeriod,
      deadLetters: Properties.RedrivePolicy?.deadLetterTargetArn['Fn::GetAtt'][0],
      receives: Properties.RedrivePolicy?.maxReceiveCount,
    }))
    const readers = packaged.ofType('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => ({
      queue: Properties.EventSourceArn['Fn::GetAtt'][0],
      function: functionAt(Properties.FunctionName['Fn::GetAtt'][0]),
      batchSize: Properties.BatchSize,
      reportsFailures: Properties.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
    }))

    const localQueues = [...service.queues].map(([key, queue]) => ({
      key,
      visibility: queue.VisibilityTimeout,
      retention: queue.MessageRetentionPeriod,
      deadLetters: queue.RedrivePolicy?.deadLetterTargetArn,
      receives: queue.RedrivePolicy?.maxReceiveCount,
    }))
    expect(new Set(queues)).toEqual(new Set(localQueues))
    expect(new Set(readers)).toEqual(
      new Set(
        service.queueSources.map(({ queue, function: key, batchSize, reportsFailures }) => {
          return { queue, function: key, batchSize, reportsFailures }
        }),
      ),
    )
  })

  test('the schedules', () => {
    const deployed = packaged.ofType('AWS::Scheduler::Schedule').map(([, { Properties }]) => {
      return `${functionAt(Properties.Target.Arn['Fn::GetAtt'][0])} ${Properties.ScheduleExpression}`
    })

    const local = service.schedules.map((schedule) => `${schedule.function} ${schedule.expression}`)
    expect(sorted(deployed)).toEqual(sorted(local))
  })

  test('the tables, with their keys and indexes', () => {
    const deployed = packaged.ofType('AWS::DynamoDB::Table').map(([key, { Properties }]) => ({
      key,
      attributes: Properties.AttributeDefinitions,
      keys: Properties.KeySchema,
      indexes: Properties.GlobalSecondaryIndexes,
    }))

    const local = [...service.tables].map(([key, table]) => ({
      key,
      attributes: table.AttributeDefinitions,
      keys: table.KeySchema,
      indexes: table.GlobalSecondaryIndexes,
    }))
    expect(deployed).toEqual(local)
  })

  test('every job has a durable function of the name, and with the alias, that the starter asks for', () => {
    const starter = service.functions.get('start-job')
    const aliases = packaged.ofType('AWS::Lambda::Alias').map(([, { Properties }]) => {
      const fn = packaged.resources[Properties.FunctionName.Ref]?.Properties.FunctionName
      return `${fn}:${Properties.Name}`
    })

    const jobs = [...service.functions.values()].filter(({ durable }) => durable !== undefined)
    const { JOB_FUNCTION_PREFIX: prefix, JOB_ALIAS: alias } = starter?.environment ?? {}
    expect([typeof prefix, typeof alias]).toEqual(['string', 'string'])
    expect(jobs.map(({ name }) => name).filter((name) => !name.startsWith(prefix as string))).toEqual([])
    expect(sorted(aliases)).toEqual(sorted(jobs.map(({ name }) => `${name}:${alias as string}`)))
  })

  test('it stays far from the 500 resources a template may have', () => {
    expect(Object.keys(packaged.resources).length).toBeLessThan(450)
  })
})

describe('what a function may do', () => {
  test('is said in a role of its own', () => {
    const roles = packaged
      .ofType('AWS::Lambda::Function')
      .map(([, { Properties }]) => Properties.Role['Fn::GetAtt'][0] as string)

    expect(new Set(roles).size).toBe(service.functions.size)
    expect(sorted(roles)).toEqual(sorted(packaged.ofType('AWS::IAM::Role').map(([name]) => name)))
  })

  test('and the role’s name fits IAM’s 64 letters on a stage called production, in any region', () => {
    const computed = [...service.functions.keys()].filter((key) => {
      return typeof roleOf(packaged, service, key)?.Properties.RoleName !== 'string'
    })

    const names = computed.map((key) => `${service.name}-production-${key}-ap-southeast-1`)
    expect(names.filter((name) => name.length > 64)).toEqual([])
  })

  test('is enough for the clock to call it, and the queue to feed it', () => {
    const needed = [
      ...service.schedules.map(({ function: key }) => {
        return [key, 'lambda:InvokeFunction', `function:${service.functions.get(key)?.name}`] as const
      }),
      ...service.queueSources.flatMap(({ function: key, queue }) => [
        [key, 'sqs:ReceiveMessage', queue] as const,
        [key, 'sqs:DeleteMessage', queue] as const,
      ]),
    ]

    const lacking = needed.filter(([key, action, on]) => {
      return !allows(permissionsOf(roleOf(packaged, service, key)), { action, on })
    })
    expect(lacking).toEqual([])
  })
})

describe('each zip', () => {
  test('has a name of its own, as all are put in one folder of a bucket', () => {
    const keys = packaged
      .ofType('AWS::Lambda::Function')
      .map(([, { Properties }]) => Properties.Code.S3Key as string)

    expect(new Set(keys).size).toBe(keys.length)
  })

  test('holds the handler where Lambda looks for it, and nothing else', async () => {
    for (const { module, artifact } of await packagedFunctions(root)) {
      const files = unzip(await readFile(join(packaged.folder, artifact)))
      expect([...files.keys()]).toEqual([`${module}.cjs`])
      const bundle = await readFile(join(packaged.folder, 'dist', `${module}.cjs`))
      expect(files.get(`${module}.cjs`)?.equals(bundle)).toBe(true)
    }
  })

  test('is small enough to start fast', async () => {
    for (const { module } of await packagedFunctions(root)) {
      const file = join(packaged.folder, 'dist', `${module}.cjs`)
      const text = await readFile(file, 'utf8')
      const usesAws = text.includes('aws-sdk-js')
      // Run only where a host is reached over SSH; until then it is bytes to read, no work.
      const usesSsh = text.includes('SSH-2.0-')
      // The description of all calls is a text that is read once.
      const described = module.endsWith('/docs') ? 200_000 : 0
      const most = (usesAws ? 750_000 : 220_000) + (usesSsh ? 215_000 : 0) + described
      expect((await stat(file)).size, module).toBeLessThan(most)
    }
  })

  // Node 24 on Lambda refuses a handler that could take a callback.
  const load = `
    const { handler } = require(process.argv[1])
    console.log(process.versions.node.split('.')[0], typeof handler, handler.length < 3)`

  test('loads in a fresh process of Node 24, and exports a handler', async () => {
    for (const { module } of await packagedFunctions(root)) {
      const file = join(packaged.folder, 'dist', `${module}.cjs`)
      const { stdout, stderr } = await runNode(['-e', load, file], { cwd: packaged.folder })
      expect({ module, stdout, stderr }).toEqual({ module, stdout: '24 function true\n', stderr: '' })
    }
  })
})
