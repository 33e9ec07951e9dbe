import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { Context, SQSEvent } from 'aws-lambda'
import { inDriversWords } from '../drivers-words.ts'
import { poisonOf } from '../jobs/poison.ts'
import { logger } from '../log.ts'

export interface Consumer {
  /** Take one message. */
  readonly take: (message: string) => Promise<void>
  /** Keep a message that can never be taken where people look, with why. */
  readonly setAside: (message: string, reason: string) => Promise<void>
}

/**
 * A queue's consumer: each message on its own, and only those that failed are delivered again. One that can never be
 * taken is set aside at once.
 */
export const consumer = (make: () => Consumer) => {
  const log = logger()

  const consume = async ({ body, messageId }: { body: string; messageId: string }, context: Context) => {
    const { take, setAside } = make()
    const told = { function: context.functionName, messageId }
    try {
      await take(body)
    } catch (error) {
      const poison = poisonOf(error)
      if (poison === undefined) {
        log.error('message failed', { ...told, reason: reasonOf(error) })
        throw error
      }
      await setAside(body, poison)
      log.warn('message set aside', { ...told, reason: poison })
    }
  }

  return (event: SQSEvent, context: Context) =>
    processPartialResponse(
      event,
      (record: { body: string; messageId: string }) => consume(record, context),
      new BatchProcessor(EventType.SQS),
      { context, throwOnFullBatchFailure: false },
    )
}

/** What came unforeseen is told by its own words: those of the closed list would hide it. */
const reasonOf = (error: unknown): string => {
  const { message, cause } = inDriversWords(error)
  return cause instanceof Error ? `${message}: ${cause.name}: ${cause.message}` : message
}
