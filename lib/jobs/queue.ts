import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { JobDocument } from './document.ts'

export interface JobQueue {
  send(document: JobDocument): Promise<void>
}

/** The queue in front of the workflows. A message is the document itself. */
export const jobQueue = (url: string): JobQueue => {
  const client = new SQSClient({
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000 },
  })
  return {
    async send(document) {
      await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(document) }))
    },
  }
}
