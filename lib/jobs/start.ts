import {
  DurableExecutionAlreadyStartedException,
  InvokeCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda'
import { DriverError } from '../errors.ts'
import { canonical, JobDocument } from './document.ts'
import { isFinal } from './record.ts'
import { type Submission, takeInWhole } from './submit.ts'

export interface Starter extends Pick<Submission, 'jobs' | 'withheld' | 'now'> {
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
 * @throws ZodError, DriverError InvalidInput: no document of ours. DriverError Conflict: its id belongs to another
 *   document.
 */
export async function startJob(to: Starter, message: string): Promise<void> {
  const { record, document } = await takeInWhole(to, JobDocument.parse(jsonOf(message)), {
    queued: true,
  })
  if (isFinal(record.status)) return
  const execution = await startExecution(to, document.kind, document.id, document)
  // One that was sent again and still has not begun may have ended before it could say so: the sweep asks about it.
  const suspect = record.status === 'queued' && record.queuedAt !== record.createdAt
  if (suspect && execution !== undefined) await to.jobs.change(document.id, { execution }, ['queued'])
}

/** What a parser says of a text may repeat the text. */
const jsonOf = (message: string): unknown => {
  try {
    return JSON.parse(message)
  } catch {
    throw new DriverError('InvalidInput', 'the message is not JSON')
  }
}

/**
 * Start an execution of a kind's workflow, unless there is one of that name.
 *
 * @returns its ARN, where it is told.
 */
export async function startExecution(
  { lambda, prefix, alias }: Pick<Starter, 'lambda' | 'prefix' | 'alias'>,
  kind: string,
  name: string,
  event: object,
): Promise<string | undefined> {
  try {
    const { DurableExecutionArn } = await lambda.send(
      new InvokeCommand({
        FunctionName: `${prefix}${kind}`,
        Qualifier: alias,
        InvocationType: 'Event',
        DurableExecutionName: name,
        Payload: Buffer.from(canonical(event)),
      }),
    )
    return DurableExecutionArn
  } catch (error) {
    if (!(error instanceof DurableExecutionAlreadyStartedException)) throw error
    return undefined
  }
}
