import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type { Caller } from '../auth/caller.ts'
import { isAwsUnavailable } from '../aws-faults.ts'
import { config } from '../config.ts'
import { inDriversWords } from '../drivers-words.ts'
import type { DriverError } from '../errors.ts'
import { logger } from '../log.ts'
import { answer, refuse } from './answer.ts'
import { permitted } from './permitted.ts'

/** What an invocation has to live with. */
export interface Invocation {
  /** Epoch milliseconds by which every call has to end: what remains, less the time to answer. */
  readonly deadline: number
  /** Who calls, where they are not let do everything. */
  readonly caller?: Caller | undefined
}

/** Milliseconds kept for the answer itself. */
const ANSWER_MS = 1_500

export const invocationOf = (context: Context): Invocation => ({
  deadline: Date.now() + context.getRemainingTimeInMillis() - ANSWER_MS,
})

/**
 * A Lambda handler, invoked directly or through HTTP: run, answer in the caller's shape, fail in the driver's words,
 * and leave one line in the log.
 */
export const endpoint = (
  run: (event: unknown, invocation: Invocation) => Promise<unknown>,
  { status = 200 } = {},
) =>
  middy(async (event: unknown, context: Context) => {
    const began = Date.now()
    const output = await run(event, { ...invocationOf(context), caller: permitted(event) })
    written(context, began, 'ok')
    return answer(event, context, output, status)
  }).onError((request) => {
    const error = inDriversWords(request.error)
    written(request.context, undefined, error.name, error)
    request.response = refuse(request.event, request.context, error)
  })

function written(context: Context, began: number | undefined, outcome: string, error?: DriverError): void {
  const log = logger(levelOrDefault())
  const fields = {
    function: context.functionName,
    requestId: context.awsRequestId,
    outcome,
    ...(began === undefined ? {} : { ms: Date.now() - began }),
  }
  if (error === undefined) {
    log.info('done', fields)
    return
  }
  const unexpected = error.name === 'VolumeBackendError' || isAwsUnavailable(error.cause)
  log[unexpected ? 'error' : 'warn'](error.message, {
    ...fields,
    ...(unexpected && error.cause instanceof Error
      ? { cause: error.cause.stack ?? error.cause.message }
      : {}),
  })
}

/** A wrong configuration must be told, not hidden behind a logger that cannot be made. */
export const levelOrDefault = (): string => {
  try {
    return config().LOG_LEVEL
  } catch {
    return 'info'
  }
}
