import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { AddressChecker } from './addresses.ts'
import { asRefusal, Refusal } from './refusal.ts'

/** The connection broke, or the server cannot just now: the same may work in a moment. */
export class Dropped extends Error {
  override readonly name = 'Dropped'
}

export interface Limits {
  /** From the first packet to the end of the TLS handshake. */
  readonly connectMs: number
  /** Without a byte; and from the handshake to the end of the headers, which could come a byte at a time. */
  readonly idleMs: number
}

export interface Way {
  /** Which addresses a name may lead to; any, where the operator has named the server. */
  readonly addressesOf?: AddressChecker
  /** Trusted authorities, in PEM; undefined for the public ones. */
  readonly ca: string[] | undefined
  readonly limits: Limits
  readonly signal: AbortSignal
}

/** An address without what may be secret in it, and no longer than anybody reads. */
export const shown = (url: URL): string => `${url.origin}${url.pathname}`.slice(0, 300)

/**
 * Ask for a file, once, and take whatever is answered. Plain HTTP only where the operator has written it.
 *
 * @throws Refusal `source_refused` the way does not lead to that address, or the certificate is not trusted
 * @throws Dropped
 */
export const answerOf = async (
  url: URL,
  headers: Readonly<Record<string, string>>,
  way: Way,
): Promise<IncomingMessage> => {
  const { signal, limits, ca } = way
  const isHttps = url.protocol === 'https:'
  const name = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = await way.addressesOf?.(name).catch((error: unknown) => {
    throw error instanceof Refusal
      ? error
      : new Dropped(`${name} cannot be found: ${asRefusal(error).message}`)
  })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const lookup: LookupFunction = (_, options, done) => {
    const [first] = addresses ?? []
    if (options.all || first === undefined) done(null, [...(addresses ?? [])])
    else done(null, first.address, first.family)
  }
  const request = (isHttps ? httpsRequest : httpRequest)(url, {
    // An agent of its own: no kept connection, and none of the environment's proxies.
    agent: isHttps ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false }),
    headers: { 'accept-encoding': 'identity', 'user-agent': 'cinderless-agent', ...headers },
    ...(isHttps && { ca, minVersion: 'TLSv1.2' as const, rejectUnauthorized: true }),
    ...(isHttps && isIP(name) === 0 && { servername: name }),
    signal,
    ...(addresses && { lookup }),
  })
  const late = (what: string, ms: number) =>
    request.destroy(new Dropped(`${shown(url)} ${what} for ${ms} ms`))
  const within = (ms: number, what: string) => setTimeout(() => late(what, ms), ms)
  let waiting = within(limits.connectMs, 'did not take the connection')
  const answered = () => clearTimeout(waiting)
  request.setTimeout(limits.idleMs, () => late('said nothing', limits.idleMs))
  request.once('socket', (socket) => {
    socket.once(isHttps ? 'secureConnect' : 'connect', () => {
      answered()
      waiting = within(limits.idleMs, 'did not answer')
    })
    socket.once('close', answered)
  })
  request.once('response', (response) => {
    answered()
    resolve(response)
  })
  request.once('error', (error) => {
    answered()
    reject(signal.aborted ? signal.reason : faultOf(url, error, request.socket))
  })
  request.end()
  return promise
}

const faultOf = (url: URL, error: Error, socket: unknown) => {
  if (error instanceof Dropped) return error
  const untrusted =
    typeof socket === 'object' &&
    socket !== null &&
    'authorizationError' in socket &&
    socket.authorizationError
  if (untrusted)
    return new Refusal('source_refused', `The certificate of ${url.host} is not trusted: ${error.message}`)
  return new Dropped(`${shown(url)}: ${error.message || ('code' in error ? String(error.code) : 'failed')}`)
}
