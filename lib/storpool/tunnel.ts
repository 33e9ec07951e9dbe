import http from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { authority, type Peer, tlsOf } from './peer.ts'

type Opened = (error: Error | null, socket?: Duplex) => void

/**
 * How an agent reaches a peer that speaks TLS behind a proxy: the proxy is asked for a bare connection, the handshake
 * is with the peer itself, and the agent gets the socket when both are done.
 *
 * @param timeoutMs how long either may be silent.
 */
export const tunnel = (proxy: Peer, peer: Peer, timeoutMs: number) => (_options: object, opened?: Opened) => {
  const fail = (error: Error) => opened?.(error)
  const refused = (status: number | undefined) => new Error(`the proxy opened no tunnel: HTTP ${status}`)

  const request = (proxy.secure ? https : http).request({
    agent: false,
    method: 'CONNECT',
    host: proxy.host,
    port: proxy.port,
    path: authority(peer),
    headers: { ...proxy.headers, Host: authority(peer) },
    timeout: timeoutMs,
    ...(proxy.secure ? tlsOf(proxy) : {}),
  })
  request
    .once('connect', (response, bare) => {
      if (response.statusCode !== 200) {
        bare.destroy()
        return fail(refused(response.statusCode))
      }
      const socket = tls.connect({ socket: bare, ...tlsOf(peer) })
      socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no TLS handshake through the proxy')))
      socket.once('error', fail).once('secureConnect', () => {
        socket.setTimeout(0)
        opened?.(null, socket)
      })
    })
    .once('response', (response) => request.destroy(refused(response.statusCode)))
    .once('timeout', () => request.destroy(new Error('the proxy was silent')))
    .once('error', fail)
    .end()
  return undefined
}
