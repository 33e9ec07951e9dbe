import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { boundConnections } from './connections.ts'
import { type Answer, type Dispatch, refused } from './dispatch.ts'
import { Refusal } from './refusal.ts'
import type { Caller } from './roles.ts'
import type { MutualTls } from './tls.ts'

export const longestBody = 64 * 1024
/** On loopback: more connections than functions that could ask at once. */
const mostConnections = 256
/** Who is slow with his handshake, his headers or his body is looked for so often. */
const connectionsCheckingInterval = 5_000
const TaskPath = /^\/v1\/tasks\/([^/]+)$/

/** On plain HTTP nobody says who he is: whoever can reach loopback may do all. */
const anybody: Caller = { name: 'loopback', roles: ['attach', 'data', 'backup', 'read'] }

/** The agent's operations over HTTPS with mutual TLS, or over plain HTTP on loopback. */
export const agentServer = (dispatch: Dispatch, closing: AbortSignal, tls: MutualTls | undefined): Server => {
  const answer = async (request: IncomingMessage, signal: AbortSignal): Promise<Answer> => {
    if (tls === undefined) assertLocal(request.headers.host)
    const caller = tls === undefined ? anybody : tls.callerOf(request.socket)
    const { operation, input } = askedIn(request)
    return dispatch({ caller, operation, input, signal })
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const [status, body] = await answer(request, gone.signal).catch(refused)
    if (status === 429) response.setHeader('retry-after', '5')
    // What was left unread of a refused body would be taken for the next request.
    const unread = status === 401 || status === 403 || status === 413
    if (unread || closing.aborted || tls?.isOutdated(request.socket))
      response.setHeader('connection', 'close')
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => void handle(request, response)
  const server = tls === undefined ? plainServer(listener) : secureServer(tls, listener)
  // Longer than any client keeps a connection, so that it is the client who closes.
  server.keepAliveTimeout = 65_000
  server.headersTimeout = 10_000
  server.requestTimeout = 30_000
  return server
}

const plainServer = (listener: RequestListener) => {
  const server = createServer({ connectionsCheckingInterval }, listener)
  server.maxConnections = mostConnections
  return server
}

const secureServer = (tls: MutualTls, listener: RequestListener) => {
  const options = { ...tls.options(), connectionsCheckingInterval, handshakeTimeout: 10_000 }
  const server = createSecureServer(options, listener)
  boundConnections(server)
  return server.once('listening', () => server.once('close', tls.watch(server)))
}

const askedIn = (request: IncomingMessage) => {
  const url = URL.parse(request.url ?? '/', 'http://agent')
  const nothing = new Refusal('not_found', `There is no ${request.method} ${url?.pathname ?? 'such path'}`)
  if (url === null) throw nothing
  const [, operation] = /^\/v1\/([a-z-]+)$/.exec(url.pathname) ?? []
  const question = operation === 'health' || operation === 'tasks'
  if (request.method === 'GET') {
    if (question) return { operation, input: async () => ({}) }
    const id = decoded(TaskPath.exec(url.pathname)?.[1])
    if (id === undefined) throw nothing
    return { operation: 'task', input: async () => ({ id, wait: url.searchParams.get('wait') ?? 0 }) }
  }
  if (request.method !== 'POST' || operation === undefined || operation === 'task' || question) throw nothing
  return { operation, input: () => readBody(request) }
}

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Refusal('bad_request', 'The body must be application/json')
  }
  const tooLarge = new Refusal('too_large', `The body may have ${longestBody} bytes at most`)
  if (Number(request.headers['content-length']) > longestBody) throw tooLarge
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > longestBody) throw tooLarge
    chunks.push(chunk)
  }
  return parseJson(Buffer.concat(chunks).toString('utf8'))
}

/** @throws Refusal */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('bad_request', 'The body is not JSON')
  }
}

/** A web page that a browser on this host has open may reach loopback, but under its own site's name. */
const assertLocal = (host = '') => {
  if (/^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d+)?$/.test(host)) return
  throw new Refusal('bad_request', 'The request was made to another name than this host')
}

const decoded = (part: string | undefined) => {
  try {
    return part === undefined ? undefined : decodeURIComponent(part)
  } catch {
    return undefined
  }
}
