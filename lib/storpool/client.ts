import type { ClientRequest, IncomingMessage } from 'node:http'
import axios, { AxiosHeaders, type AxiosResponse } from 'axios'
import type * as z from 'zod'
import { type Answer, dataOf } from './answer.ts'
import { bytesOf } from './body.ts'
import { type Asked, StorPoolUnreachable } from './errors.ts'
import { meaningOf, type Try } from './failure.ts'
import { authorizationOf, CONNECT_MS, type Endpoint, type Line, lineTo, type Outgoing } from './line.ts'
import { type CallLog, outcomeOf } from './outcome.ts'
import { pathOf } from './path.ts'
import { retrying } from './retry.ts'

const ANSWER_MS = 30_000
const LONGEST_ANSWER_BYTES = 64 * 1024 ** 2
const LONGEST_TIMER_MS = 2 ** 31 - 1

export interface StorPoolOptions extends Endpoint {
  /** `SP_AUTH_TOKEN`. It goes into the Authorization header and nowhere else. */
  readonly token: string
  /** Have every call forwarded to the cluster of this name or `~id`. */
  readonly cluster?: string
  /** Ask all clusters of the location where a query can; true when left out. A single cluster does not mind. */
  readonly multiCluster?: boolean
  /** Told of every call when it ends. */
  readonly log?: (line: CallLog) => void
}

export interface CallOptions {
  /** Milliseconds StorPool may take to answer: 30,000 when left out, and never past the deadline. */
  readonly timeoutMs?: number
  /** Have this call forwarded to the cluster of this name or `~id`. */
  readonly cluster?: string
}

/**
 * StorPool's API until a deadline: what an invocation hands around.
 *
 * Every call ends by the deadline, with the answer's `data` checked against its schema or with one of the three
 * errors. What is sent is not checked a second time: its type says what it is.
 */
export interface StorPool {
  /** Epoch milliseconds. */
  readonly deadline: number
  get<T>(query: string, args: readonly string[], answer: z.ZodType<T>, options?: CallOptions): Promise<T>
  post<T>(
    query: string,
    args: readonly string[],
    body: object | undefined,
    answer: z.ZodType<T>,
    options?: CallOptions,
  ): Promise<T>
}

/** Kept for the life of a process. */
export interface Connection {
  within(deadlineMs: number): StorPool
  close(): void
}

/** A call as it is sent: the same on every try. */
interface Call extends Asked, Outgoing {
  readonly timeoutMs: number
}

/** One try of a call by a deadline: the bytes out, the answer in, or what it means that there is none. */
type Exchange = (call: Call, deadline: number) => Promise<Answer>

/** All there is to tell axios: no redirects, no proxy and no parser of its own. The line knows the way. */
const settings = {
  url: 'http://storpool',
  proxy: false,
  responseType: 'text',
  decompress: false,
  maxContentLength: LONGEST_ANSWER_BYTES,
  validateStatus: null,
} as const

/**
 * Calls over a line, by axios' adapter alone: what axios does around it costs a call a quarter more and would change
 * nothing here. The line adds the token, so axios never has it to pass on in an error.
 */
const exchangeOver = (line: Line): Exchange => {
  const send = axios.getAdapter('http')

  return async (call, deadline) => {
    const limit = Math.min(deadline - Date.now(), call.timeoutMs, LONGEST_TIMER_MS)
    if (!(limit > 0)) {
      throw new StorPoolUnreachable(call, 'deadline', 'the deadline had passed; nothing was sent')
    }

    const tried: Try = { connected: false, status: 0 }
    let connecting: NodeJS.Timeout | undefined
    let answering: NodeJS.Timeout | undefined
    try {
      const { status, headers, data } = await new Promise<AxiosResponse>((resolve, reject) => {
        const giveUp = (request: ClientRequest, after: number) => {
          tried.gaveUpAfter = after
          request.destroy()
          reject(new Error('given up'))
        }
        const open = (_: unknown, onResponse: (response: IncomingMessage) => void): ClientRequest => {
          const request = line.open(
            call,
            (response) => {
              tried.status = response.statusCode ?? 0
              onResponse(response)
            },
            () => {
              tried.connected = true
              clearTimeout(connecting)
            },
          )
          answering = setTimeout(giveUp, limit, request, limit)
          if (!tried.connected && limit > CONNECT_MS)
            connecting = setTimeout(giveUp, CONNECT_MS, request, CONNECT_MS)
          return request
        }
        send({
          ...settings,
          headers: new AxiosHeaders(),
          method: call.method,
          data: call.body,
          transport: { request: open },
        }).then(resolve, reject)
      })
      return { status, contentType: String(headers['content-type'] ?? ''), text: String(data) }
    } catch (error) {
      throw meaningOf(error, call, tried)
    } finally {
      clearTimeout(connecting)
      clearTimeout(answering)
    }
  }
}

/**
 * Speak to one StorPool API, over connections that are kept.
 *
 * @throws TypeError the token cannot be a header's value, or the proxy is no URL; in words without either.
 */
export const connect = (options: StorPoolOptions): Connection => {
  const { token, cluster, multiCluster = true, log } = options
  const line = lineTo(options, authorizationOf(token))
  const exchange = exchangeOver(line)
  const scrub = (words: string) => words.replaceAll(token, '…')

  const ask = async <T>(call: Call, deadline: number, Data: z.ZodType<T>): Promise<T> => {
    const start = performance.now()
    let attempt = 0
    const once = async () => {
      attempt += 1
      return dataOf(call, await exchange(call, deadline), Data, scrub)
    }
    const report = (ending: Pick<CallLog, 'outcome' | 'reason'>) =>
      log?.({ call: call.call, ms: Math.round(performance.now() - start), attempt, ...ending })
    try {
      const data = await retrying(deadline, once)
      report({ outcome: 'ok' })
      return data
    } catch (error) {
      report(outcomeOf(error))
      throw error
    }
  }

  const callOf = (
    method: Call['method'],
    query: string,
    args: readonly string[],
    body: object | undefined,
    over: CallOptions = {},
  ): Call => ({
    call: query,
    label: [query, ...args].join('/'),
    mutates: method === 'POST',
    method,
    path: pathOf(query, args, { cluster: over.cluster ?? cluster, multiCluster }),
    body: body === undefined ? undefined : bytesOf(body),
    timeoutMs: over.timeoutMs ?? ANSWER_MS,
  })

  return {
    within: (deadline) => ({
      deadline,
      get: async (query, args, Data, over) =>
        ask(callOf('GET', query, args, undefined, over), deadline, Data),
      post: async (query, args, body, Data, over) =>
        ask(callOf('POST', query, args, body, over), deadline, Data),
    }),
    close: () => line.close(),
  }
}
