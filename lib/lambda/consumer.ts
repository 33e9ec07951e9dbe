import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { Context, SQSEvent } from 'aws-lambda'
import { logger } from '../log.ts'

/** A queue's consumer: each message on its own, and only those that failed are delivered again. */
export const consumer = (take: (message: string) => Promise<void>) => {
  const log = logger()
  return (event: SQSEvent, context: Context) =>
    processPartialResponse(
      event,
      async (record: { body: string; messageId: string }) => {
        try {
          await take(record.body)
        } catch (error) {
          log.error('message refused', {
            function: context.functionName,
            messageId: record.messageId,
            reason: error instanceof Error ? error.message : String(error),
          })
          throw error
        }
      },
      new BatchProcessor(EventType.SQS),
      { context, throwOnFullBatchFailure: false },
    )
}
