import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
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

export interface Reach {
  readonly addressesOf: AddressChecker
  readonly ports: readonly number[]
  /** Trusted authorities, in PEM; undefined for the public ones. */
  readonly ca: string[] | undefined
  readonly limits: Limits
  readonly signal: AbortSignal
}

const mostRedirects = 3
const redirects = [301, 302, 303, 307, 308]
/** Statuses by which a server says that it may be able later. */
const passing = [408, 425, 429, 500, 502, 503, 504]

/** An address without what may be secret in it, and no longer than anybody reads. */
export const shown = (url: URL): string => `${url.origin}${url.pathname}`.slice(0, 300)

/**
 * Ask for a file over HTTPS. Every hop is checked like the first: scheme, port, credentials, every address.
 *
 * @returns an answer of status 200, 206 or 416
 * @throws Refusal `source_refused`, `source_not_found`
 * @throws Dropped
 */
export const get = async (
  address: string,
  headers: Readonly<Record<string, string>>,
  reach: Reach,
): Promise<IncomingMessage> => {
  let url = checked(address, undefined, reach.ports)
  for (let hop = 0; ; hop += 1) {
    const response = await ask(url, headers, reach)
    const status = response.statusCode ?? 0
    if (status === 200 || status === 206 || status === 416) return response
    const { location } = response.headers
    response.destroy()
    if (!redirects.includes(status) || location === undefined) throw unfit(url, status)
    if (hop === mostRedirects) {
      throw new Refusal('source_refused', `${shown(url)} leads on after ${mostRedirects} redirects`)
    }
    url = checked(location, url, reach.ports)
  }
}

const checked = (address: string, from: URL | undefined, ports: readonly number[]): URL => {
  const url = URL.parse(address, from?.href)
  const refuse = (why: string) =>
    new Refusal(
      'source_refused',
      `${from === undefined ? 'The address' : `A redirect from ${shown(from)}`} ${why}`,
    )
  if (url === null) throw refuse('cannot be read')
  if (url.protocol !== 'https:') throw refuse(`is not https: ${url.protocol}`)
  if (url.username !== '' || url.password !== '') throw refuse('holds credentials')
  const port = url.port === '' ? 443 : Number(url.port)
  if (!ports.includes(port))
    throw refuse(`is for port ${port}; taken are ${ports.join(', ')} (sources.ports)`)
  return url
}

const unfit = (url: URL, status: number) => {
  if (passing.includes(status)) return new Dropped(`${shown(url)} was answered ${status}`)
  const code = status === 404 || status === 410 ? 'source_not_found' : 'source_refused'
  return new Refusal(code, `${shown(url)} was answered ${status}`, { status })
}

const ask = async (
  url: URL,
  headers: Readonly<Record<string, string>>,
  reach: Reach,
): Promise<IncomingMessage> => {
  const { signal, limits, ca } = reach
  const name = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = await reach.addressesOf(name).catch((error: unknown) => {
    throw error instanceof Refusal
      ? error
      : new Dropped(`${name} cannot be found: ${asRefusal(error).message}`)
  })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = httpsRequest(url, {
    // An agent of its own: no kept connection, and none of the environment's proxies.
    agent: new Agent({ keepAlive: false }),
    headers: { 'accept-encoding': 'identity', 'user-agent': 'cinderless-agent', ...headers },
    ca,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(isIP(name) === 0 && { servername: name }),
    signal,
    lookup: (_, options, done) => {
      const [first] = addresses
      if (options.all || first === undefined) done(null, [...addresses])
      else done(null, first.address, first.family)
    },
  })
  const late = (what: string, ms: number) =>
    request.destroy(new Dropped(`${shown(url)} ${what} for ${ms} ms`))
  const within = (ms: number, what: string) => setTimeout(() => late(what, ms), ms)
  let waiting = within(limits.connectMs, 'did not take the connection')
  const answered = () => clearTimeout(waiting)
  request.setTimeout(limits.idleMs, () => late('said nothing', limits.idleMs))
  request.once('socket', (socket) => {
    socket.once('secureConnect', () => {
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
