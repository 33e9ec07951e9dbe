import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { type LogFields, logger } from '../log.ts'
import { type Invocation, invocationOf } from './endpoint.ts'

/** A function that a clock calls: what it did is in the log; a failure is thrown, for the alarm to see. */
export const scheduled = (run: (invocation: Invocation) => Promise<LogFields>) =>
  middy(async (_event: unknown, context: Context) => {
    const did = await run(invocationOf(context))
    logger().info('done', { function: context.functionName, requestId: context.awsRequestId, ...did })
    return did
  })
