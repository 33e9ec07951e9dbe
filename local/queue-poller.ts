import { setTimeout as delay } from 'node:timers/promises'
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { SQSEvent } from 'aws-lambda'
import * as z from 'zod'
import type { LogFields } from '../lib/log.ts'
import type { Functions } from './functions.ts'
import type { QueueServer } from './queue.ts'
import type { QueueSource } from './service.ts'

/** How a function says which messages of a batch failed. */
const BatchResponse = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
})

export interface PollerOptions {
  /** Batches under way at once, where the source does not say. AWS begins with five. */
  readonly maximumConcurrency?: number
  /** After how many seconds a failed message is seen again, by how often it was received. */
  readonly retrySeconds?: (received: number) => number
  readonly log?: (message: string, fields: LogFields) => void
}

export interface Poller {
  /** Receive nothing more; batches under way go on. */
  stop(): void
  /** Wait until the last batch is done. */
  readonly done: Promise<void>
}

const eventOf = (messages: readonly Message[], arn: string, region: string): SQSEvent => ({
  Records: messages.map((message) => ({
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: {
      ApproximateReceiveCount: message.Attributes?.ApproximateReceiveCount ?? '1',
      SentTimestamp: message.Attributes?.SentTimestamp ?? '0',
      SenderId: message.Attributes?.SenderId ?? 'local',
      ApproximateFirstReceiveTimestamp: message.Attributes?.ApproximateFirstReceiveTimestamp ?? '0',
    },
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, { DataType = 'String', StringValue }]) => [
        name,
        { dataType: DataType, ...(StringValue !== undefined && { stringValue: StringValue }) },
      ]),
    ),
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: arn,
    awsRegion: region,
  })),
})

/**
 * Which messages of a batch are to be delivered again: those the function named; all, when it failed or named one
 * that was not in the batch.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
const failuresOf = (result: unknown, ids: ReadonlySet<string>): ReadonlySet<string> => {
  const parsed = BatchResponse.safeParse(result ?? {})
  if (!parsed.success) return ids
  const failed = (parsed.data.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier)
  return failed.every((id) => ids.has(id)) ? new Set(failed) : ids
}

/** AWS leaves the queue's time-out to pass; somebody who tries things out need not wait that long. */
const doubling = (received: number): number => Math.min(60, 2 ** (received - 1))

/** Lambda's event source mapping: take messages off a queue, hand them to a function in batches, delete those done. */
export const pollQueue = (
  source: QueueSource,
  queues: QueueServer,
  functions: Functions,
  { maximumConcurrency = 5, retrySeconds = doubling, log = () => undefined }: PollerOptions = {},
): Poller => {
  const QueueUrl = queues.queueUrl(source.queue)
  const arn = queues.queueArn(source.queue)
  const client = new SQSClient({
    endpoint: queues.url,
    region: functions.service.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  const stopping = new AbortController()

  const work = async (messages: readonly Message[]): Promise<void> => {
    const ids = new Set(messages.map(({ MessageId = '' }) => MessageId))
    const outcome = await functions.invoke(source.function, eventOf(messages, arn, functions.service.region))
    const failed = outcome.error ? ids : source.reportsFailures ? failuresOf(outcome.result, ids) : new Set()
    const done = messages.filter(({ MessageId = '' }) => !failed.has(MessageId))
    if (done.length > 0) {
      const Entries = done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }))
      await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
    }
    for (const { MessageId = '', ReceiptHandle, Attributes } of messages) {
      if (!failed.has(MessageId)) continue
      log('message failed', {
        queue: source.queue,
        messageId: MessageId,
        reason: outcome.error?.errorMessage,
      })
      // Never 0: with messages on disk fauxqs 2.4.1 fails then, and has lost the message until it is restarted.
      const VisibilityTimeout = Math.max(1, retrySeconds(Number(Attributes?.ApproximateReceiveCount ?? 1)))
      await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }))
    }
  }

  const receive = async (): Promise<readonly Message[]> => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: source.batchSize,
        WaitTimeSeconds: 20,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
      { abortSignal: stopping.signal },
    )
    return Messages
  }

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const messages = await receive()
        if (messages.length > 0) await work(messages)
      } catch (error) {
        if (stopping.signal.aborted) break
        log('polling failed', {
          queue: source.queue,
          reason: error instanceof Error ? error.message : String(error),
        })
        await delay(1000, undefined, { signal: stopping.signal }).catch(() => undefined)
      }
    }
  }

  const loops = Array.from({ length: source.maximumConcurrency ?? maximumConcurrency }, loop)
  return {
    stop: () => stopping.abort(),
    done: Promise.all(loops).then(() => client.destroy()),
  }
}
