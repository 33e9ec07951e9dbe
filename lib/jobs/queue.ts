import { SendMessageCommand, SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs'
import { answeredIn } from '../aws-requests.ts'
import type { JobDocument } from './document.ts'

export interface JobQueue {
  send(document: JobDocument): Promise<void>
}

/** @param more what the client is told that shall not go by the environment. */
export const sqsClient = (more: SQSClientConfig = {}): SQSClient =>
  new SQSClient({ maxAttempts: 4, requestHandler: answeredIn(5_000), ...more })

/** The queue in front of the workflows. A message is the document itself. */
export const jobQueue = (url: string, client = sqsClient()): JobQueue => ({
  async send(document) {
    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(document) }))
  },
})
