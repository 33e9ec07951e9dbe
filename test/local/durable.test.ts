import {
  GetDurableExecutionCommand,
  InvokeCommand,
  LambdaClient,
  ListDurableExecutionsByFunctionCommand,
  SendDurableExecutionCallbackFailureCommand,
  SendDurableExecutionCallbackSuccessCommand,
  StopDurableExecutionCommand,
} from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Durable, openDurable } from '../../local/durable.ts'
import { startDurableApi } from '../../local/durable-api.ts'
import { handlers, yaml } from './fixtures/service.ts'
import { eventually, functionsOf, serviceOf, temporaryFolder } from './harness.ts'

let url = ''
let lambda: LambdaClient
let durable: Durable
const did: string[] = []
const closers: (() => unknown)[] = []

beforeAll(async () => {
  const folder = await temporaryFolder()
  const service = serviceOf(yaml)
  const functions = functionsOf(
    service,
    handlers(
      () => url,
      (what) => did.push(what),
    ),
  )
  durable = openDurable({
    functions,
    path: `${folder.path}/durable.db`,
    pageBytes: 50_000,
    retryDelayMs: () => 100,
  })
  const api = await startDurableApi(durable, functions)
  url = api.url
  lambda = new LambdaClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  })
  durable.begin()
  closers.push(
    () => folder[Symbol.asyncDispose](),
    () => durable.close(),
    () => api.close(),
    () => lambda.destroy(),
  )
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

const invoke = (
  name: string,
  input: unknown,
  options: { as?: string; wait?: boolean; qualifier?: string } = {},
) =>
  lambda.send(
    new InvokeCommand({
      FunctionName: `test-dev-${name}`,
      Qualifier: options.qualifier ?? 'durable',
      InvocationType: options.wait === false ? 'Event' : 'RequestResponse',
      Payload: Buffer.from(JSON.stringify(input)),
      ...(options.as && { DurableExecutionName: options.as }),
    }),
  )

const run = async (name: string, input: unknown, as?: string) => {
  const { Payload, FunctionError } = await invoke(name, input, as === undefined ? {} : { as })
  const body = JSON.parse(Buffer.from(Payload ?? []).toString())
  return FunctionError ? { FunctionError, ...body } : body
}

/** The id of the callback a running `asks` has told of. */
const asked = async (arn: string) =>
  eventually(() => {
    const [callback] = durable.operations(arn).filter(({ Type }) => Type === 'CALLBACK')
    const steps = durable
      .operations(arn)
      .filter(({ Type, Status }) => Type === 'STEP' && Status === 'SUCCEEDED')
    return steps.length > 0 && callback?.CallbackDetails?.CallbackId
  })

const start = async (name: string, input: unknown, as?: string) => {
  const { DurableExecutionArn, StatusCode } = await invoke(name, input, { wait: false, ...(as && { as }) })
  expect(StatusCode).toBe(202)
  return DurableExecutionArn ?? ''
}

const resultOf = async (arn: string) => {
  const { result, error, status } = await durable.finished(arn)
  return status === 'SUCCEEDED'
    ? JSON.parse(result ?? 'null')
    : { status, error: JSON.parse(error ?? 'null') }
}

test.concurrent('steps run once each, and the result is the execution’s', async () => {
  expect(await run('steps', { n: 4 })).toEqual({ b: 10 })
})

test.concurrent('a step that fails is tried again after its delay, and then no more', async () => {
  expect(await run('flaky', { fails: 2 })).toBe(3)
  expect(await run('flaky', { fails: 9 })).toMatchObject({
    FunctionError: 'Unhandled',
    errorMessage: 'failed 3',
  })
})

test.concurrent('a wait ends by itself, and nothing runs meanwhile', async () => {
  const arn = await start('waits', { seconds: 1 })
  await eventually(() => durable.operations(arn).some(({ Type }) => Type === 'WAIT'))

  expect(await resultOf(arn)).toBe('rested')
  expect(durable.operations(arn).map(({ Name, Status }) => [Name, Status])).toEqual([
    [undefined, 'STARTED'],
    ['before', 'SUCCEEDED'],
    ['nap', 'SUCCEEDED'],
    ['after', 'SUCCEEDED'],
  ])
})

test.concurrent('a callback is answered with a result, or with a failure, once', async () => {
  const [well, badly] = await Promise.all([start('asks', {}), start('asks', {})])
  const [CallbackId, other] = await Promise.all([asked(well), asked(badly)])
  const Result = Buffer.from('"yes"')
  await lambda.send(new SendDurableExecutionCallbackSuccessCommand({ CallbackId, Result }))
  const refusal = { CallbackId: other, Error: { ErrorMessage: 'no', ErrorType: 'Refused' } }
  await lambda.send(new SendDurableExecutionCallbackFailureCommand(refusal))

  expect(await resultOf(well)).toEqual({ answer: '"yes"' })
  expect(await resultOf(badly)).toEqual({ failed: 'CallbackExternalError', message: 'no' })
  const again = lambda.send(new SendDurableExecutionCallbackSuccessCommand({ CallbackId, Result }))
  await expect(again).rejects.toMatchObject({ name: 'CallbackTimeoutException' })
  const unknown = lambda.send(new SendDurableExecutionCallbackSuccessCommand({ CallbackId: 'nobody' }))
  await expect(unknown).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

test.concurrent('a callback nobody answers times out', async () => {
  const late = await start('asks', { timeout: 1 })

  expect(await resultOf(late)).toEqual({ failed: 'CallbackTimeoutError', message: 'Callback timed out' })
})

test.concurrent('a child context and a map keep their results over a wait', async () => {
  expect(await run('children', {})).toEqual({ sum: 3, twice: [2, 4, 6] })
  expect(
    did.filter((what) => ['one', 'two', 'double 1', 'double 2', 'double 3'].includes(what)).sort(),
  ).toEqual(['double 1', 'double 2', 'double 3', 'one', 'two'])
})

test.concurrent('a workflow invokes another one, a plain function, one that fails and one that is not there', async () => {
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:test-dev-steps:durable'

  expect(await run('calls', { target: arn, input: { n: 1 } })).toEqual({ result: { b: 4 } })
  expect(await run('calls', { target: 'test-dev-plain', input: { n: 1 } })).toEqual({ result: { plain: 1 } })
  expect(await run('calls', { target: 'test-dev-plain', input: {} })).toEqual({ failed: 'n is missing' })
  expect(await run('calls', { target: 'gone', input: {} })).toEqual({ failed: 'Function not found: gone' })
})

test.concurrent('a state of several pages is handed over whole', async () => {
  expect(await run('large', { bytes: 40_000 })).toEqual([40_000, 40_000, 40_000, 40_000])
  expect(did.filter((what) => what.startsWith('part'))).toHaveLength(4)
  expect(await run('many', { n: 120 })).toBe(120)
  expect(did.filter((what) => what === 'one of many')).toHaveLength(120)
})

test.concurrent('the same name and input is the same execution; another input is refused', async () => {
  const first = await start('steps', { n: 1 }, 'named')
  const second = await start('steps', { n: 1 }, 'named')
  await durable.finished(first)

  expect(second).toBe(first)
  expect(await start('steps', { n: 1 }, 'named')).toBe(first)
  expect(await run('steps', { n: 1 }, 'named')).toEqual({ b: 4 })
  await expect(invoke('steps', { n: 2 }, { as: 'named' })).rejects.toMatchObject({
    name: 'DurableExecutionAlreadyStartedException',
    $metadata: { httpStatusCode: 409 },
  })
})

test.concurrent('an execution can be looked up, listed and stopped', async () => {
  const DurableExecutionArn = await start('waits', { seconds: 500 }, 'to-stop')
  const enough = { ErrorMessage: 'enough' }
  await lambda.send(new StopDurableExecutionCommand({ DurableExecutionArn, Error: enough }))
  const one = await lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn }))
  const list = await lambda.send(
    new ListDurableExecutionsByFunctionCommand({ FunctionName: 'test-dev-waits', Statuses: ['STOPPED'] }),
  )

  expect(one).toMatchObject({
    DurableExecutionName: 'to-stop',
    Status: 'STOPPED',
    InputPayload: '{"seconds":500}',
    Error: enough,
    StartTimestamp: expect.any(Date),
    EndTimestamp: expect.any(Date),
  })
  expect(list.DurableExecutions).toMatchObject([{ DurableExecutionArn, Status: 'STOPPED' }])
})

test.concurrent.each([
  ['a function that is not there', () => invoke('nobody', {}), 'ResourceNotFoundException'],
  [
    'an alias that is not there',
    () => invoke('steps', {}, { qualifier: 'live' }),
    'ResourceNotFoundException',
  ],
  ['a name with a slash', () => invoke('steps', {}, { as: 'a/b' }), 'InvalidParameterValueException'],
  [
    'a durable function without an alias',
    () => lambda.send(new InvokeCommand({ FunctionName: 'test-dev-steps' })),
    'InvalidParameterValueException',
  ],
  [
    'what is no JSON',
    () => lambda.send(new InvokeCommand({ FunctionName: 'test-dev-plain', Payload: Buffer.from('{') })),
    'InvalidRequestContentException',
  ],
])('%s is refused as Lambda does', async (_, call, name) => {
  await expect(call()).rejects.toMatchObject({ name })
})

test.concurrent('a plain function is invoked as by Lambda, and an error is its answer', async () => {
  const { Payload, FunctionError } = await lambda.send(new InvokeCommand({ FunctionName: 'test-dev-plain' }))

  expect(FunctionError).toBe('Unhandled')
  expect(JSON.parse(Buffer.from(Payload ?? []).toString())).toMatchObject({
    errorType: 'RangeError',
    errorMessage: 'n is missing',
  })
})
