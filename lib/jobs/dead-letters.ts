import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import * as z from 'zod'

/** A message that was given up. What it holds stays where it is: it may be anything. */
export interface DeadLetter {
  readonly messageId: string
  readonly sentAt: string
  /** Which job it is of, where that can be read. */
  readonly job?: { readonly id: string; readonly kind: string }
  readonly reason: string
}

/** Messages the jobs' queue could not get rid of. */
export interface DeadLetters {
  put(message: string, reason: string): Promise<void>
  /** What is there, at most so many. */
  list(limit: number): Promise<DeadLetter[]>
  /**
   * Put messages back on the jobs' queue: those that were here before `before`, so that what comes straight back is
   * not taken twice. Cut off in between, a message may be in both; delivered twice it does nothing twice.
   */
  redrive(options: { before: Date; limit: number }): Promise<DeadLetter[]>
}

/** Letters a reason may have. */
const REASON = 1000
/** Seconds a message is out of sight of others while it is looked at. */
const HELD_SECONDS = 30
/** Seconds the first question waits, as messages just looked at are back after one; and those after it. */
const WAIT_SECONDS = 2
const WAIT_FOR_MORE_SECONDS = 1

const unknown =
  'it was delivered as often as the queue allows and failed each time: the log of start-job says why'

const Named = z.object({ id: z.uuid(), kind: z.string().max(64) })

const jobIn = (body: string): DeadLetter['job'] => {
  try {
    return Named.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}

const sentMs = ({ Attributes }: Message): number => Number(Attributes?.SentTimestamp ?? 0)

const letterOf = (message: Message): DeadLetter => {
  const job = jobIn(message.Body ?? '')
  return {
    messageId: message.MessageId ?? '',
    sentAt: new Date(sentMs(message)).toISOString(),
    ...(job && { job }),
    reason: message.MessageAttributes?.reason?.StringValue ?? unknown,
  }
}

/** Controls may not be in an attribute, and an empty text is none. */
const attributeOf = (reason: string): string =>
  reason.replaceAll(/[^\P{C}\n\t]/gu, ' ').slice(0, REASON) || unknown

/** @param urls of the queue with the dead letters, and of the one they came from. */
export const deadLetters = (client: SQSClient, urls: { dead: string; jobs: string }): DeadLetters => {
  const QueueUrl = urls.dead

  /** Up to so many messages, each once, kept out of sight. */
  async function* taken(limit: number): AsyncGenerator<Message> {
    const seen = new Set<string>()
    while (seen.size < limit) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: Math.min(10, limit - seen.size),
          VisibilityTimeout: HELD_SECONDS,
          WaitTimeSeconds: seen.size === 0 ? WAIT_SECONDS : WAIT_FOR_MORE_SECONDS,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
      )
      if (Messages.length === 0) return
      for (const message of Messages) {
        if (seen.has(message.MessageId ?? '')) continue
        seen.add(message.MessageId ?? '')
        yield message
      }
    }
  }

  /** Never 0 seconds: the queue of the local system loses a message then. */
  const putBack = ({ ReceiptHandle }: Message) =>
    client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 1 }))

  return {
    async put(message, reason) {
      const MessageAttributes = { reason: { DataType: 'String', StringValue: attributeOf(reason) } }
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody: message, MessageAttributes }))
    },

    async list(limit) {
      const messages: Message[] = []
      for await (const message of taken(limit)) messages.push(message)
      await Promise.all(messages.map(putBack))
      return messages.map(letterOf).sort((one, other) => (one.sentAt < other.sentAt ? -1 : 1))
    },

    async redrive({ before, limit }) {
      const moved: DeadLetter[] = []
      const later: Message[] = []
      for await (const message of taken(limit)) {
        if (sentMs(message) >= before.getTime()) {
          later.push(message)
          continue
        }
        await client.send(new SendMessageCommand({ QueueUrl: urls.jobs, MessageBody: message.Body }))
        await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }))
        moved.push(letterOf(message))
      }
      await Promise.all(later.map(putBack))
      return moved
    },
  }
}
