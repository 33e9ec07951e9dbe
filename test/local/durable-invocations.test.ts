import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openDurable } from '../../local/durable.ts'
import type { OperationUpdate } from '../../local/durable-model.ts'
import { eventually, functionsOf, serviceOf, temporaryFolder } from './harness.ts'

const yaml = `
functions:
  flow: { handler: flow.handler, timeout: 1, durableConfig: { executionTimeout: 100 } }
`
const service = serviceOf(yaml)
const fn = service.functions.get('flow')!

interface Event {
  readonly DurableExecutionArn: string
  readonly CheckpointToken: string
  readonly InitialExecutionState: { readonly Operations: readonly { Type: string; Status: string }[] }
  readonly UpdatedOperationIds: readonly string[]
}

const wait: OperationUpdate = { Id: 'w', Type: 'WAIT', Action: 'START', WaitOptions: { WaitSeconds: 10 } }
const step: OperationUpdate = { Id: 's', Type: 'STEP', Action: 'START' }
const callback: OperationUpdate = {
  Id: 'c',
  Type: 'CALLBACK',
  Action: 'START',
  CallbackOptions: { TimeoutSeconds: 50, HeartbeatTimeoutSeconds: 10 },
}

/** Executions with a clock of their own, and a function that speaks the protocol by hand. */
const setUp = async (flow: (event: Event, n: number) => unknown, options = {}) => {
  const folder = await temporaryFolder()
  const path = `${folder.path}/durable.db`
  const events: Event[] = []
  let clock = 1_000_000
  const durable = openDurable({
    functions: functionsOf(service, { flow: (event: Event) => flow(event, events.push(event)) }),
    path,
    now: () => clock,
    ...options,
  })
  durable.begin()
  const checkpoint = (token: string, updates: readonly OperationUpdate[], clientToken = 'x') =>
    durable.checkpoint(arn, { token, clientToken, updates }) as {
      CheckpointToken: string
      NewExecutionState: { Operations: { Id: string; Status: string }[] }
    }
  const { arn } = durable.start({ fn, qualifier: 'durable', input: '{}' })
  return {
    arn,
    path,
    durable,
    events,
    checkpoint,
    /** Let time pass. */
    pass(seconds: number) {
      clock += seconds * 1000
      durable.begin()
    },
    [Symbol.asyncDispose]: async () => {
      durable.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const pending = { Status: 'PENDING' }

test('an invocation is told what it did, and what came since', async () => {
  await using it = await setUp((event, n) => {
    if (n === 1) it.checkpoint(event.CheckpointToken, [wait])
    return n === 1 ? pending : { Status: 'SUCCEEDED', Result: '1' }
  })
  await eventually(() => it.events.length === 1 && it.durable.running === 0)
  it.pass(11)
  await it.durable.finished(it.arn)

  expect(it.events[1]?.InitialExecutionState.Operations).toMatchObject([
    { Type: 'EXECUTION', Status: 'STARTED', ExecutionDetails: { InputPayload: '{}' } },
    { Type: 'WAIT', Status: 'SUCCEEDED', StartTimestamp: '1970-01-01T00:16:40.000Z' },
  ])
  expect(it.events[1]?.UpdatedOperationIds).toEqual(['w'])
})

test('what comes while an invocation runs is in the answer to its next checkpoint', async () => {
  let go = (_value?: unknown) => undefined as unknown
  await using it = await setUp(async (event) => {
    const { CheckpointToken } = it.checkpoint(event.CheckpointToken, [wait, step])
    await new Promise((resolve) => {
      go = resolve
    })
    const { NewExecutionState } = it.checkpoint(CheckpointToken, [])
    return { Status: 'SUCCEEDED', Result: JSON.stringify(NewExecutionState.Operations.map(({ Id }) => Id)) }
  })
  await eventually(() => it.durable.operations(it.arn).length === 3)
  it.pass(11)
  go()

  expect(await it.durable.finished(it.arn)).toMatchObject({ result: '["w"]' })
})

test('an invocation past its time is followed by another, and can write no more', async () => {
  let stale = ''
  await using it = await setUp(
    (event, n) => {
      if (n > 1) return { Status: 'SUCCEEDED' }
      stale = event.CheckpointToken
      return new Promise(() => undefined)
    },
    { retryDelayMs: () => 5000 },
  )
  await eventually(() => it.events.length === 1)
  await eventually(() => it.durable.running === 0)
  expect(() => it.checkpoint(stale, [step])).toThrow('Invalid Checkpoint Token')
  it.pass(6)

  expect(await it.durable.finished(it.arn)).toMatchObject({ status: 'SUCCEEDED' })
  expect(() => it.checkpoint(stale, [step])).toThrow('Invalid Checkpoint Token')
})

test('a token is good for one checkpoint; a repeat of the same request gets the same answer', async () => {
  await using it = await setUp((event) => {
    const first = it.checkpoint(event.CheckpointToken, [step], 'a')
    const again = it.checkpoint(event.CheckpointToken, [step], 'a')
    expect(again).toEqual(first)
    expect(() => it.checkpoint(event.CheckpointToken, [wait], 'b')).toThrow('Invalid Checkpoint Token')
    expect(() => it.checkpoint(first.CheckpointToken, [step])).toThrow('Cannot START a STEP that is STARTED')
    return { Status: 'SUCCEEDED' }
  })

  expect(await it.durable.finished(it.arn)).toMatchObject({ status: 'SUCCEEDED', error: null })
})

test.each<[string, readonly OperationUpdate[], string]>([
  ['a wait that is retried', [{ ...wait, Action: 'RETRY' }], 'Invalid action RETRY for a WAIT'],
  ['a child of nothing', [{ ...step, ParentId: 'p' }], 'Invalid parent operation id'],
  ['a child of a step', [step, { ...wait, ParentId: 's' }], 'Invalid parent operation id'],
  ['a success with an error', [{ ...step, Action: 'SUCCEED', Error: {} }], 'Cannot provide an Error'],
  ['a cancel of nothing', [{ ...callback, Action: 'CANCEL' }], 'does not exist'],
  ['a result before its end', [{ Id: 'e', Type: 'EXECUTION', Action: 'SUCCEED' }, step], 'must be the last'],
])('of a checkpoint with %s nothing is kept', async (_, updates, message) => {
  await using it = await setUp((event) => {
    expect(() => it.checkpoint(event.CheckpointToken, [wait, ...updates])).toThrow(message)
    return { Status: 'SUCCEEDED' }
  })
  const { status, error } = await it.durable.finished(it.arn)

  expect([status, error]).toEqual(['SUCCEEDED', null])
  expect(it.durable.operations(it.arn).map(({ Type }) => Type)).toEqual(['EXECUTION'])
})

test('an invocation that keeps failing is tried again a bounded number of times', async () => {
  await using it = await setUp(
    () => {
      throw new SyntaxError('broken')
    },
    { maxFailures: 3, retryDelayMs: (failures: number) => failures * 10_000 },
  )
  for (const n of [1, 2, 3]) {
    await eventually(() => it.events.length === n && it.durable.running === 0)
    it.pass(5)
    await new Promise((resolve) => setTimeout(resolve, 30))
    if (n < 3) expect(it.events).toHaveLength(n)
    it.pass(20)
  }
  const { status, error } = await it.durable.finished(it.arn)

  expect(status).toBe('FAILED')
  expect(JSON.parse(error ?? '')).toEqual({ ErrorType: 'SyntaxError', ErrorMessage: 'broken' })
})

test('a heartbeat puts the end of a callback off, and nothing else does', async () => {
  await using it = await setUp((event, n) => {
    if (n === 1) it.checkpoint(event.CheckpointToken, [callback])
    return n === 1 ? pending : { Status: 'SUCCEEDED' }
  })
  await eventually(() => it.events.length === 1 && it.durable.running === 0)
  const id = it.durable.operations(it.arn)[1]?.CallbackDetails?.CallbackId ?? ''
  for (let i = 0; i < 4; i += 1) {
    it.pass(9)
    it.durable.heartbeat(id)
  }
  expect(it.durable.operations(it.arn)[1]?.Status).toBe('STARTED')
  it.pass(11)
  await it.durable.finished(it.arn)

  expect(it.durable.operations(it.arn)[1]).toMatchObject({
    Status: 'TIMED_OUT',
    CallbackDetails: { Error: { ErrorMessage: 'Callback timed out on heartbeat' } },
  })
  expect(() => it.durable.heartbeat(id)).toThrow('The callback is closed')
})

test('an execution past its own time is over, whatever it waits for', async () => {
  await using it = await setUp((event) => {
    it.checkpoint(event.CheckpointToken, [{ ...wait, WaitOptions: { WaitSeconds: 5000 } }])
    return pending
  })
  await eventually(() => it.events.length === 1 && it.durable.running === 0)
  it.pass(101)

  expect(await it.durable.finished(it.arn)).toMatchObject({ status: 'TIMED_OUT' })
  it.pass(10_000)
  expect(it.events).toHaveLength(1)
})

test.each([
  ['waits for nothing', pending, 'Cannot return PENDING status with no pending operations.'],
  ['answers something else', 'done', 'Invalid Status in invocation output.'],
])('a handler that %s has failed', async (_, answer, message) => {
  await using it = await setUp(() => answer)
  const { status, error } = await it.durable.finished(it.arn)

  expect(status).toBe('FAILED')
  expect(error).toContain(message)
})

test.each([
  ['is told apart from odd errors', 'two', 'WorkflowChanged'],
  ['is only looked for where the source changed', 'one', 'NonDeterministicExecutionError'],
])('a workflow whose steps were changed meanwhile %s', async (_, later, type) => {
  let fingerprint = 'one'
  const unfit = { ErrorType: 'NonDeterministicExecutionError', ErrorMessage: 'step "1": expected a, got b' }
  await using it = await setUp(
    (event, n) => {
      if (n === 1) it.checkpoint(event.CheckpointToken, [wait])
      return n === 1 ? pending : { Status: 'FAILED', Error: unfit }
    },
    { fingerprint: () => fingerprint },
  )
  await eventually(() => it.events.length === 1 && it.durable.running === 0)
  fingerprint = later
  it.pass(11)
  const { error } = await it.durable.finished(it.arn)

  expect(JSON.parse(error ?? '')).toMatchObject({ ErrorType: type })
  expect(error).toContain('expected a, got b')
})

test('an invocation whose end could not be written down is made again', async () => {
  await using it = await setUp((_event, n) => {
    if (n === 1) disk.exec('BEGIN IMMEDIATE')
    return { Status: 'SUCCEEDED', Result: String(n) }
  })
  using disk = new DatabaseSync(it.path)
  await eventually(() => it.events.length === 1)
  disk.exec('ROLLBACK')

  expect(await it.durable.finished(it.arn)).toMatchObject({ status: 'SUCCEEDED', result: '2' })
})
