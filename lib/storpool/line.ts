import http from 'node:http'
import https from 'node:https'
import { reuseWhileFresh } from './idle.ts'
import { authority, type Peer, proxyAt, tlsOf } from './peer.ts'
import { tunnel } from './tunnel.ts'

/** Milliseconds for a connection to be there, TLS and proxy included: a black hole must not take the whole call. */
export const CONNECT_MS = 2000

/** Where StorPool's API is, and the way there. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** TLS to the endpoint: StorPool speaks plain HTTP, but what stands in front of it may not. */
  readonly tls?: boolean
  /** URL of an HTTP proxy on the way, `http://` or `https://`, with the user and password it asks for. */
  readonly proxy?: string
  /** PEM of the authorities to believe, for the endpoint and the proxy, in place of the well-known ones. */
  readonly ca?: string
}

/** A request, but for the way it goes. */
export interface Outgoing {
  readonly method: 'GET' | 'POST'
  /** Percent-encoded, from the first slash on. */
  readonly path: string
  readonly body: Buffer | undefined
}

/** Opens requests, over sockets that are kept between them. Writing the body is the caller's. */
export interface Line {
  open(
    outgoing: Outgoing,
    onResponse: (response: http.IncomingMessage) => void,
    onReady: () => void,
  ): http.ClientRequest
  close(): void
}

/**
 * Call `ready` when the request's connection stands: before that, not a byte of the request has been written.
 *
 * @param event what a new socket says then; undefined when the agent hands out sockets that stand.
 */
const whenReady = (
  request: http.ClientRequest,
  event: 'connect' | 'secureConnect' | undefined,
  ready: () => void,
) => {
  if (request.reusedSocket) ready()
  else request.once('socket', (socket) => (event === undefined ? ready() : socket.once(event, ready)))
}

/**
 * The value of the Authorization header.
 *
 * @throws TypeError the token holds what a header cannot, such as a line's end that was read with it.
 */
export const authorizationOf = (token: string): string => {
  if (!/^[!-~]+$/.test(token))
    throw new TypeError('the StorPool token is empty or holds more than printable ASCII')
  return `Storpool v1:${token}`
}

const describe = (body: Buffer) => ({ 'Content-Type': 'application/json', 'Content-Length': body.length })

/**
 * The way to an endpoint. Without a proxy it is straight. A proxy is handed plain requests with the whole URL in
 * their first line; TLS goes through a tunnel, so that the proxy sees neither the token nor any name.
 */
export const lineTo = (
  { host, port, tls = false, proxy: proxyUrl, ca }: Endpoint,
  authorization: string,
): Line => {
  const storpool: Peer = { host, port, secure: tls, ca, headers: {} }
  const proxy = proxyUrl === undefined ? undefined : proxyAt(proxyUrl, ca)
  const forward = tls ? undefined : proxy
  const next = forward ?? storpool

  const { Agent, request: open } = next.secure ? https : http
  const agent = new Agent({ keepAlive: true, ...(next.secure ? tlsOf(next) : {}) })
  const tunnelled = proxy !== undefined && tls
  if (tunnelled) Object.assign(agent, { createConnection: tunnel(proxy, storpool, CONNECT_MS) })
  const dropIdle = reuseWhileFresh(agent)
  const prefix = forward === undefined ? '' : `http://${authority(storpool)}`
  const headers = {
    Accept: 'application/json',
    'Accept-Encoding': 'identity',
    'User-Agent': 'cinderless',
    ...next.headers,
    Host: authority(storpool),
    Authorization: authorization,
  }

  return {
    open: ({ method, path, body }, onResponse, onReady) => {
      dropIdle()
      const request = open(
        {
          agent,
          host: next.host,
          port: next.port,
          method,
          path: `${prefix}${path}`,
          headers: body === undefined ? headers : { ...headers, ...describe(body) },
        },
        onResponse,
      )
      whenReady(request, tunnelled ? undefined : next.secure ? 'secureConnect' : 'connect', onReady)
      return request
    },
    close: () => agent.destroy(),
  }
}
