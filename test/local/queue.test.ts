import {
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { SQSEvent } from 'aws-lambda'
import { afterAll, expect, test } from 'vitest'
import { startQueues } from '../../local/queue.ts'
import { pollQueue } from '../../local/queue-poller.ts'
import { eventually, functionsOf, type Handlers, serviceOf, temporaryFolder } from './harness.ts'

const service = serviceOf(`
functions:
  take:
    handler: take.handler
    timeout: 1
    events: [{ sqs: { arn: !GetAtt Work.Arn, batchSize: 10, functionResponseType: ReportBatchItemFailures } }]
  whole:
    handler: whole.handler
    events: [{ sqs: { arn: !GetAtt Plain.Arn, batchSize: 10 } }]
resources:
  Resources:
    Work:
      Type: AWS::SQS::Queue
      Properties:
        VisibilityTimeout: 30
        RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2 }
    Plain: { Type: AWS::SQS::Queue, Properties: { VisibilityTimeout: 30 } }
    Dead: { Type: AWS::SQS::Queue }
`)

const [work, plain] = service.queueSources
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const folder = await temporaryFolder()
afterAll(() => folder[Symbol.asyncDispose]())

const started = async (name: string, source: typeof work, handlers: Handlers) => {
  const queues = await startQueues(service, `${folder.path}/${name}`)
  const poller = pollQueue(source!, queues, functionsOf(service, handlers), { retrySeconds: () => 1 })
  const client = new SQSClient({ endpoint: queues.url, region: 'us-east-1', credentials })
  const close = async () => {
    poller.stop()
    await poller.done
    client.destroy()
    await queues.close()
  }
  return { queues, client, close, [Symbol.asyncDispose]: close }
}

test.concurrent('a batch goes to the function as the event of SQS, and what it did not name is gone', async () => {
  const seen: SQSEvent[] = []
  const names = () => seen.flatMap(({ Records }) => Records.map(({ body }) => body))
  await using system = await started('partial', work, {
    take: (event: SQSEvent) => {
      seen.push(event)
      const failed = event.Records.filter(({ body }) => body === 'bad')
      return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }
    },
  })
  const QueueUrl = system.queues.queueUrl('Work')
  const Entries = ['good', 'bad', 'better'].map((MessageBody) => ({ Id: MessageBody, MessageBody }))
  await system.client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))

  const dead = await eventually(async () => {
    const read = new ReceiveMessageCommand({ QueueUrl: system.queues.queueUrl('Dead') })
    return (await system.client.send(read)).Messages?.[0]?.Body
  })

  expect(dead).toBe('bad')
  expect(names().sort()).toEqual(['bad', 'bad', 'better', 'good'])
  expect(system.queues.depth('Work')).toBe(0)
  expect(seen[0]?.Records[0]).toMatchObject({
    messageId: expect.any(String),
    receiptHandle: expect.any(String),
    attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.stringMatching(/^\d{13}$/) },
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:test-dev-Work',
    awsRegion: 'us-east-1',
  })
})

test.concurrent.each([
  ['throws', () => Promise.reject(new Error('no'))],
  ['names a message that is not in the batch', () => ({ batchItemFailures: [{ itemIdentifier: 'x' }] })],
  ['answers something else', () => ({ batchItemFailures: 'all' })],
])('when the function %s, the whole batch comes again', async (how, fail) => {
  let tries = 0
  await using system = await started(how, work, { take: () => (tries++ === 0 ? fail() : {}) })
  const QueueUrl = system.queues.queueUrl('Work')
  await system.client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a' }))

  await eventually(() => tries === 2 && system.queues.depth('Work') === 0)
})

test.concurrent('a function that reports no failures has done the batch when it returns', async () => {
  let tries = 0
  await using system = await started('plain', plain, {
    whole: () => ({ batchItemFailures: `ignored, ${++tries}` }),
  })
  await system.client.send(
    new SendMessageCommand({ QueueUrl: system.queues.queueUrl('Plain'), MessageBody: 'a' }),
  )

  await eventually(() => tries === 1 && system.queues.depth('Plain') === 0)
})

test.concurrent('messages are still there after a restart, those somebody was at work on too', async () => {
  const first = await startQueues(service, `${folder.path}/restart`)
  const client = new SQSClient({ endpoint: first.url, region: 'us-east-1', credentials })
  const QueueUrl = first.queueUrl('Plain')
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'taken' }))
  await client.send(new ReceiveMessageCommand({ QueueUrl }))
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'kept' }))
  client.destroy()
  await first.close()

  const bodies: string[] = []
  await using system = await started('restart', plain, {
    whole: (event: SQSEvent) => void bodies.push(...event.Records.map(({ body }) => body)),
  })
  await eventually(() => bodies.length > 1 && system.queues.depth('Plain') === 0)

  expect(bodies.sort()).toEqual(['kept', 'taken'])
})
