import {
  DurableExecutionAlreadyStartedException,
  InvokeCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda'
import { JobDocument } from './document.ts'
import { isFinal } from './record.ts'
import { type Submission, takeIn } from './submit.ts'

export interface Starter extends Pick<Submission, 'jobs' | 'now'> {
  readonly lambda: LambdaClient
  /** The function of a kind is this and the kind. */
  readonly prefix: string
  /** Durable functions are run by alias, so that a new release does not meet executions of an old one. */
  readonly alias: string
}

/**
 * Start the workflow of one queued document. The execution is named after the job, so a message that comes twice
 * starts nothing twice. A document that was put on the queue by hand gets its record here.
 *
 * @throws ZodError: no document of ours. DriverError Conflict: its id belongs to another document.
 */
export async function startJob(to: Starter, message: string): Promise<void> {
  const document = JobDocument.parse(JSON.parse(message))
  const record = await takeIn(to, document)
  if (isFinal(record.status)) return
  try {
    await to.lambda.send(
      new InvokeCommand({
        FunctionName: `${to.prefix}${document.kind}`,
        Qualifier: to.alias,
        InvocationType: 'Event',
        DurableExecutionName: document.id,
        Payload: Buffer.from(JSON.stringify(document)),
      }),
    )
  } catch (error) {
    if (!(error instanceof DurableExecutionAlreadyStartedException)) throw error
  }
}
