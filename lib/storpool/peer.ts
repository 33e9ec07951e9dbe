import net from 'node:net'

/** One end of a connection that may speak TLS. */
export interface Peer {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** PEM of the authorities to believe; the well-known ones when there is none. */
  readonly ca: string | undefined
  /** Headers that only this peer is to see. */
  readonly headers: Readonly<Record<string, string>>
}

/** `host:port`, as a `Host` header and a URL have it. */
export const authority = ({ host, port }: Peer): string => `${net.isIPv6(host) ? `[${host}]` : host}:${port}`

/** What TLS has to know of a peer. An address is no server name. */
export const tlsOf = ({ host, ca }: Peer) => ({
  servername: net.isIP(host) ? '' : host,
  ...(ca === undefined ? {} : { ca }),
})

const basic = (url: URL): Readonly<Record<string, string>> => {
  if (url.username === '' && url.password === '') return {}
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return { 'Proxy-Authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }
}

/**
 * The proxy a URL names.
 *
 * @throws TypeError in words that leave the URL out, as it may hold a password.
 */
export const proxyAt = (text: string, ca: string | undefined): Peer => {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new TypeError('the proxy is not a URL that begins with http:// or https://')
  }
  const secure = url.protocol === 'https:'
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, secure, ca, headers: basic(url) }
}
