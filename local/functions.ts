import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Context } from 'aws-lambda'
import { withOutput } from './output.ts'
import type { Service, ServiceFunction } from './service.ts'

export type Handler = (event: unknown, context: Context) => unknown
export type LoadHandler = (fn: ServiceFunction) => Promise<Handler>

/** What Lambda says of an invocation that failed. */
export interface InvocationError {
  readonly errorType: string
  readonly errorMessage: string
  readonly trace?: readonly string[]
}

export type Outcome =
  | { readonly requestId: string; readonly result: unknown; readonly error?: never }
  | { readonly requestId: string; readonly error: InvocationError; readonly timedOut: boolean }

export interface InvokeOptions {
  readonly requestId?: string
  /** The alias or version asked for; `$LATEST` otherwise. */
  readonly qualifier?: string
}

export interface Functions {
  readonly service: Service
  /** Run a function as Lambda does: with a context, its timeout enforced, its answer turned to JSON and back. */
  invoke(key: string, event: unknown, options?: InvokeOptions): Promise<Outcome>
  /** Import every handler now, so that a broken one is known at once. @returns what could not be imported, and why. */
  load(): Promise<readonly { key: string; reason: string }[]>
  /** How many invocations are running, those past their timeout left out. */
  readonly running: number
  /** Wait until nothing runs, at most `ms`. */
  drain(ms: number): Promise<void>
}

/** Lambda's limit of an answer in bytes. */
const maxAnswerBytes = 6 * 1024 * 1024
const accountId = '000000000000'

export const functionArn = (service: Service, fn: ServiceFunction, qualifier?: string): string =>
  `arn:aws:lambda:${service.region}:${accountId}:function:${fn.name}${qualifier ? `:${qualifier}` : ''}`

/** Import handlers from files beside the service file, as TypeScript. */
export const loadFrom =
  (root: string): LoadHandler =>
  async (fn) => {
    const module: Record<string, unknown> = await import(pathToFileURL(resolve(root, `${fn.module}.ts`)).href)
    const handler = module[fn.export]
    if (typeof handler !== 'function') throw new Error(`${fn.module}.ts exports no function ${fn.export}`)
    return (event, context) => handler(event, context)
  }

const contextOf = (service: Service, fn: ServiceFunction, requestId: string, qualifier?: string): Context => {
  const deadline = Date.now() + fn.timeoutSeconds * 1000
  const noCallback = () => {
    throw new Error('Node.js 24 on Lambda has no callback style: return a promise')
  }
  return {
    awsRequestId: requestId,
    functionName: fn.name,
    functionVersion: qualifier === undefined ? '$LATEST' : '1',
    invokedFunctionArn: functionArn(service, fn, qualifier),
    memoryLimitInMB: String(fn.memoryMb),
    logGroupName: `/aws/lambda/${fn.name}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: noCallback,
    fail: noCallback,
    succeed: noCallback,
  }
}

const errorOf = (error: unknown): InvocationError =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
    : { errorType: typeof error, errorMessage: String(error) }

/** An answer as Lambda hands it on: through JSON, within its size. */
const answerOf = (result: unknown): unknown => {
  const text = JSON.stringify(result) ?? 'null'
  if (Buffer.byteLength(text) > maxAnswerBytes) {
    const error = new Error(
      `Response payload size exceeded maximum allowed payload size (${maxAnswerBytes} bytes).`,
    )
    error.name = 'Function.ResponseSizeTooLarge'
    throw error
  }
  return JSON.parse(text)
}

/**
 * The functions of a service, runnable in this process.
 *
 * @param load finds a function's handler; asked once, again after a failure.
 * @param write takes what a function writes to standard output and error.
 */
export const functionRunner = (
  service: Service,
  load: LoadHandler,
  write: (text: string) => void,
): Functions => {
  const handlers = new Map<string, Promise<Handler>>()
  let running = 0

  const handlerOf = (fn: ServiceFunction): Promise<Handler> => {
    const known = handlers.get(fn.key)
    if (known) return known
    const loading = withOutput(write, () => load(fn))
    handlers.set(fn.key, loading)
    loading.catch(() => handlers.delete(fn.key))
    return loading
  }

  const invoke = async (key: string, event: unknown, options: InvokeOptions = {}): Promise<Outcome> => {
    const requestId = options.requestId ?? randomUUID()
    const fn = service.functions.get(key)
    if (!fn) throw new Error(`there is no function ${key}`)
    const timer = new AbortController()
    running += 1
    try {
      const handler = await handlerOf(fn)
      const input: unknown = JSON.parse(JSON.stringify(event))
      const context = contextOf(service, fn, requestId, options.qualifier)
      const run = withOutput(write, async () => handler(input, context))
      // After its timeout an invocation is over, whatever becomes of it.
      run.catch(() => undefined)
      const late = Symbol('late')
      const first = await Promise.race([
        run,
        delay(fn.timeoutSeconds * 1000, late, { signal: timer.signal, ref: false }),
      ])
      if (first !== late) return { requestId, result: answerOf(first) }
      const errorMessage = `${requestId} Task timed out after ${fn.timeoutSeconds.toFixed(2)} seconds`
      return { requestId, error: { errorType: 'Sandbox.Timedout', errorMessage }, timedOut: true }
    } catch (error) {
      const failed = errorOf(error)
      write(
        `${JSON.stringify({ time: new Date().toISOString(), level: 'error', message: 'Invoke Error', function: fn.key, requestId, ...failed })}\n`,
      )
      return { requestId, error: failed, timedOut: false }
    } finally {
      timer.abort()
      running -= 1
    }
  }

  return {
    service,
    invoke,
    get running() {
      return running
    },
    async load() {
      const loads = [...service.functions.values()].map(async (fn) => {
        try {
          await handlerOf(fn)
          return undefined
        } catch (error) {
          return { key: fn.key, reason: errorOf(error).errorMessage }
        }
      })
      return (await Promise.all(loads)).filter((failure) => failure !== undefined)
    },
    async drain(ms) {
      const until = Date.now() + ms
      while (running > 0 && Date.now() < until) await delay(20)
    },
  }
}
