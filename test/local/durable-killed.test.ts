import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import {
  GetDurableExecutionCommand,
  InvokeCommand,
  LambdaClient,
  SendDurableExecutionCallbackSuccessCommand,
} from '@aws-sdk/client-lambda'
import { afterAll, expect, test } from 'vitest'
import { eventually, temporaryFolder } from './harness.ts'

const script = new URL('fixtures/durable-process.ts', import.meta.url)
const folder = await temporaryFolder()
const children = new Set<ChildProcess>()
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await folder[Symbol.asyncDispose]()
})

const begin = async (name: string) => {
  const child = fork(script, [`${folder.path}/${name}.db`], { execArgv: [] })
  children.add(child)
  const did: string[] = []
  const url = await new Promise<string>((resolve) => {
    child.on('message', (message: { did?: string; url?: string }) => {
      if (message.did !== undefined) did.push(message.did)
      if (message.url !== undefined) resolve(message.url)
    })
  })
  const lambda = new LambdaClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  return {
    did,
    lambda,
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
      children.delete(child)
      lambda.destroy()
    },
    async start(fn: string, input: unknown) {
      const { DurableExecutionArn } = await lambda.send(
        new InvokeCommand({
          FunctionName: `test-dev-${fn}:durable`,
          InvocationType: 'Event',
          Payload: Buffer.from(JSON.stringify(input)),
        }),
      )
      return DurableExecutionArn ?? ''
    },
    ended: (DurableExecutionArn: string) =>
      eventually(async () => {
        const found = await lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn }))
        return found.Status !== 'RUNNING' && found
      }),
  }
}

/** The wait is on disk, and with it all that came before. */
const isWaiting = (name: string): boolean => {
  const store = new DatabaseSync(`${folder.path}/${name}.db`, { readOnly: true })
  try {
    return store.prepare('SELECT 1 FROM operations WHERE due IS NOT NULL').get() !== undefined
  } finally {
    store.close()
  }
}

test.concurrent('killed in the middle of a wait, it goes on after the wait and repeats nothing', async () => {
  const first = await begin('wait')
  const arn = await first.start('waits', { seconds: 3 })
  await eventually(() => isWaiting('wait'))
  await first.kill()

  const second = await begin('wait')
  expect(await second.ended(arn)).toMatchObject({ Status: 'SUCCEEDED', Result: '"rested"' })
  await second.kill()

  expect(first.did).toEqual(['before'])
  expect(second.did).toEqual(['after'])
})

test.concurrent('killed while it waits for a callback, the callback is still good', async () => {
  const first = await begin('callback')
  const arn = await first.start('asks', {})
  const CallbackId = await eventually(() => first.did[0])
  await first.kill()

  const second = await begin('callback')
  const Result = Buffer.from('"late"')
  await second.lambda.send(new SendDurableExecutionCallbackSuccessCommand({ CallbackId, Result }))
  expect(await second.ended(arn)).toMatchObject({ Result: JSON.stringify({ answer: '"late"' }) })
  await second.kill()
})

test.concurrent('killed in the middle of its steps, it repeats at most the one that was not kept', async () => {
  const first = await begin('steps')
  const arn = await first.start('large', { bytes: 1000 })
  await eventually(() => first.did.length >= 2)
  await first.kill()

  const second = await begin('steps')
  expect(await second.ended(arn)).toMatchObject({ Result: '[1000,1000,1000,1000]' })
  await second.kill()

  const all = [...first.did, ...second.did]
  expect([...new Set(all)].sort()).toEqual(['part 0', 'part 1', 'part 2', 'part 3'])
  expect(all.length).toBeLessThanOrEqual(5)
})
