import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { environmentOf } from '../../local/environment.ts'
import { describeService, readService } from '../../local/service.ts'
import { serviceOf } from './harness.ts'

const project = fileURLToPath(new URL('../../serverless.yml', import.meta.url))
const nothing = { env: {}, options: {} }

test('the project itself is understood: its routes, queue, dead letters, schedule, table and durable functions', async () => {
  const service = await readService(project, nothing)

  expect(service.name).toBe('cinderless')
  expect(service.region).toBe('eu-central-1')
  expect(service.routes).toContainEqual({ method: 'GET', path: '/jobs/{id}', function: 'get-job', iam: true })
  expect(service.queueSources).toMatchObject([
    { queue: 'JobsQueue', function: 'start-job', reportsFailures: true },
  ])
  expect(service.queues.get('JobsQueue')?.RedrivePolicy?.deadLetterTargetArn).toBe('JobsDeadLetters')
  expect(service.schedules).toContainEqual(
    expect.objectContaining({ function: 'sweep-jobs', expression: 'rate(1 minute)' }),
  )
  expect(service.tables.get('Table')?.name).toBe('cinderless-dev-Table')
  expect(service.functions.get('job-copy-image-to-volume')).toMatchObject({
    name: 'cinderless-dev-job-copy-image-to-volume',
    durable: { executionTimeoutSeconds: 604800 },
  })
  expect(service.functions.get('start-job')?.environment.JOB_FUNCTION_PREFIX).toBe('cinderless-dev-job-')
})

test('every event and property of the file is either used or named as not understood', async () => {
  const text = await readFile(project, 'utf8')
  const broken = (from: string, to: string) => () => describeService(text.replace(from, to), nothing)

  expect(broken('- sqs:', '- kinesis:')).toThrow(/kinesis|events/)
  expect(broken('batchSize: 10', 'batchSize: 10\n          filterPatterns: []')).toThrow(/filterPatterns/)
  expect(broken('method: scheduler', 'method: eventBus')).toThrow(/method/)
  expect(broken('type: aws_iam', 'type: jwt')).toThrow(/type/)
  expect(broken('Type: AWS::SQS::Queue', 'Type: AWS::SNS::Topic')).toThrow(/JobsQueue is a AWS::SNS::Topic/)
})

test('a variable is filled in from the environment, else from its default, else refused by name', () => {
  const yaml = (value: string) =>
    `service: s\nprovider: { name: aws, environment: { A: "${value}" } }\nfunctions: { f: { handler: f.handler } }`
  /** `$` is put before each brace, so that these read as what they are and not as templates. */
  const aOf = (value: string, env = {}) =>
    describeService(yaml(value.replaceAll('{', '${')), { env, options: {} }).functions.get('f')?.environment.A

  expect(aOf("{env:X, 'a, b'}")).toBe('a, b')
  expect(aOf("{env:X, 'a'}", { X: 'set' })).toBe('set')
  expect(aOf('{self:service}-{sls:stage}-x')).toBe('s-dev-x')
  expect(() => aOf('{env:X}')).toThrow('{env:X} has no value and no default')
})

test('two functions that want different values of one variable cannot share a process', () => {
  const service = serviceOf(
    'functions:\n  a: { handler: a.h, environment: { X: one } }\n  b: { handler: b.h, environment: { X: two } }',
  )

  expect(() => environmentOf(service, () => '')).toThrow('functions a and b want different values of X')
})
