import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { answeredIn } from '../aws-requests.ts'
import type { JobDocument } from './document.ts'

export interface JobQueue {
  send(document: JobDocument): Promise<void>
}

export const sqsClient = (): SQSClient => new SQSClient({ maxAttempts: 4, requestHandler: answeredIn(5_000) })

/** The queue in front of the workflows. A message is the document itself. */
export const jobQueue = (url: string, client = sqsClient()): JobQueue => ({
  async send(document) {
    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(document) }))
  },
})
