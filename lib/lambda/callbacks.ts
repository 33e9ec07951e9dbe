import {
  CallbackTimeoutException,
  LambdaClient,
  ResourceNotFoundException,
  SendDurableExecutionCallbackSuccessCommand,
} from '@aws-sdk/client-lambda'
import { once } from '../once.ts'

const lambda = once(() => new LambdaClient({ maxAttempts: 3 }))

/** End a workflow's wait. One that has ended by itself is left. */
export const wake = async (callbackId: string): Promise<void> => {
  try {
    await lambda().send(
      new SendDurableExecutionCallbackSuccessCommand({ CallbackId: callbackId, Result: '""' }),
    )
  } catch (error) {
    if (!(error instanceof CallbackTimeoutException) && !(error instanceof ResourceNotFoundException))
      throw error
  }
}
