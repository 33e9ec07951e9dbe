import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { LogFields } from '../lib/log.ts'
import type { FrontDoor } from './front-door.ts'
import type { Functions, Outcome } from './functions.ts'
import { answerError, answerResult, type GatewayError, rawError } from './gateway-answer.ts'
import { headersOf, proxyEvent } from './gateway-event.ts'
import { type LocalServer, listen, readBody } from './http.ts'
import { router } from './routes.ts'

export interface GatewayOptions {
  readonly port?: number
  readonly host?: string
  /** Checks who calls what AWS would check; without one there is none but what functions do themselves. */
  readonly door?: FrontDoor
  /** The longest request a function may be given, in bytes: Lambda's limit, 6 MB. */
  readonly maxBytes?: number
  /** How long a function may take, in milliseconds: an HTTP API's limit, 30 s. */
  readonly limitMs?: number
  /** How long a client may take to send its request, in milliseconds. */
  readonly requestTimeoutMs?: number
  /** One line for each request. */
  readonly log?: (message: string, fields: LogFields) => void
}

const tooLarge: GatewayError = {
  name: 'TooLarge',
  message: 'the request is larger than 6 MB, the most a function can be given',
  remedy: 'Send less; data belongs in an image or a volume, not in a request',
}

const outcomeUnknown = (seconds: number): GatewayError => ({
  name: 'OutcomeUnknown',
  message: `the function gave no answer within ${seconds} s; it may have done what was asked`,
  remedy: 'Repeat the request: every operation may be run twice',
})

const foreign: GatewayError = {
  name: 'Forbidden',
  message: 'the request was made to another name than this machine has for itself',
  remedy: 'Use http://127.0.0.1 or http://localhost with the port',
}

/** A web page that somebody has open may reach this address, but only under a name of the page's own site. */
const isLocalName = (host = '127.0.0.1'): boolean =>
  /^(127(\.\d{1,3}){3}|(.+\.)?localhost|\[::1\])(:\d+)?$/i.test(host)

const late = Symbol('late')

/** How long a client that was refused may go on sending. */
const lingerMs = 5000

const clientErrorOf = (error: NodeJS.ErrnoException): GatewayError => {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { name: 'RequestTimeout', message: 'the request did not arrive in time' }
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return { name: 'InvalidInput', message: 'the address and headers are larger than 16 KB together' }
  }
  return { name: 'InvalidInput', message: 'this is not an HTTP request' }
}

/**
 * API Gateway's HTTP API in front of the functions, on this machine only or behind a front door: routes, events and answers as AWS makes
 * them, its limits of 6 MB and 30 s, its own errors in the project's shape.
 */
export const startGateway = async (
  functions: Functions,
  options: GatewayOptions = {},
): Promise<LocalServer> => {
  const {
    maxBytes = 6 * 1024 * 1024,
    limitMs = 30_000,
    requestTimeoutMs = 30_000,
    log = () => undefined,
    door,
  } = options
  const match = router(functions.service.routes)

  const run = async (key: string, event: object): Promise<Outcome | typeof late> => {
    const timer = new AbortController()
    try {
      const limit = delay(limitMs, late, { signal: timer.signal, ref: false })
      return await Promise.race([functions.invoke(key, event), limit])
    } finally {
      timer.abort()
    }
  }

  const refuse = (
    request: IncomingMessage,
    response: ServerResponse,
    error: GatewayError,
    id: string,
  ): number => {
    // A client told not to send its body sends something else next; nobody could tell where that begins.
    const unsent = request.headers.expect !== undefined
    if (unsent) response.setHeader('connection', 'close')
    // One that is sending is let to end for a while, unread: cut off, it would not read the answer.
    const status = answerError(response, error, id, () => {
      if (unsent || request.complete) return void response.end()
      const end = () => response.end()
      const cut = setTimeout(() => request.socket.destroy(), lingerMs)
      request
        .once('end', end)
        .once('close', () => clearTimeout(cut))
        .resume()
    })
    return status
  }

  const handle = async (request: IncomingMessage, response: ServerResponse, id: string) => {
    const path = (request.url ?? '/').replace(/\?.*$/s, '')
    if (door === undefined && !isLocalName(request.headers.host))
      return { status: refuse(request, response, foreign, id) }
    let found: ReturnType<typeof match>
    try {
      found = match(request.method ?? 'GET', path)
    } catch {
      const message = 'the path is not percent-encoded properly'
      return { status: refuse(request, response, { name: 'InvalidInput', message }, id) }
    }
    if (!found) {
      const message = `there is no ${request.method} ${path}`
      return { status: refuse(request, response, { name: 'NoSuchRoute', message }, id) }
    }
    const name = found.route.function
    const headers = headersOf(request, request.socket.localPort ?? 0)
    const caller = found.route.iam ? await door?.check(headers) : undefined
    if (caller !== undefined && 'error' in caller) {
      if (caller.challenge !== undefined) response.setHeader('www-authenticate', caller.challenge)
      return { status: refuse(request, response, caller.error, id), name }
    }
    const body = await readBody(request, maxBytes)
    if (!body) return { status: refuse(request, response, tooLarge, id), name }
    const event = proxyEvent(request, found, body, id, caller)
    const outcome = await run(name, event)
    if (outcome === late) return { status: answerError(response, outcomeUnknown(limitMs / 1000), id), name }
    if (outcome.error) {
      const seconds = functions.service.functions.get(name)?.timeoutSeconds ?? 0
      const internal: GatewayError = {
        name: 'InternalError',
        message: 'the function failed; its log says why',
      }
      const status = answerError(response, outcome.timedOut ? outcomeUnknown(seconds) : internal, id)
      return { status, name }
    }
    const status = answerResult(response, outcome.result, id)
    if (status !== undefined) return { status, name }
    const message = 'the function gave an answer that cannot be sent; its log says more'
    return { status: answerError(response, { name: 'InternalError', message }, id), name }
  }

  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const id = randomUUID()
    const start = performance.now()
    try {
      const { status, name } = await handle(request, response, id)
      const ms = Math.round(performance.now() - start)
      log('request', { method: request.method, path: request.url, status, function: name, ms, requestId: id })
    } catch (error) {
      log('request cut off', {
        path: request.url,
        requestId: id,
        reason: error instanceof Error ? error.message : '',
      })
      request.socket.destroy()
    }
  }

  const local = await listen((request, response) => void onRequest(request, response), {
    port: options.port ?? 0,
    ...(options.host !== undefined && { host: options.host }),
    checked: door !== undefined,
    keepAliveTimeout: 65_000,
    headersTimeout: Math.min(10_000, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(2000, requestTimeoutMs),
    requireHostHeader: false,
  })
  local.server.on('checkContinue', (request, response) => {
    if (Number(request.headers['content-length'] ?? 0) <= maxBytes) response.writeContinue()
    void onRequest(request, response)
  })
  local.server.on('checkExpectation', (request, response) => {
    const message = `nothing is known of the expectation ${request.headers.expect}`
    refuse(request, response, { name: 'InvalidInput', message }, randomUUID())
  })
  local.server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy()
    return socket.end(rawError(clientErrorOf(error), randomUUID()))
  })
  return local
}
