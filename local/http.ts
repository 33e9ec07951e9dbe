import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http'

const loopback = new Set(['127.0.0.1', '::1', 'localhost'])

/** Nothing but this machine itself reaches this address. */
export const isLoopback = (host: string): boolean => loopback.has(host)

/** A server on this machine only, unless it was asked to be on another address. */
export interface LocalServer {
  readonly server: Server
  readonly port: number
  readonly url: string
  /** Stop accepting, let running requests end for at most `ms`, then cut the rest. */
  close(ms?: number): Promise<void>
}

/** Where a client finds it that is told this; an address that stands for all of them stands for this machine's own, too. */
const urlOf = (host: string, port: number): string => {
  if (isLoopback(host) || host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

export interface ListenOptions extends ServerOptions {
  /** 0 for any free one. */
  readonly port?: number
  readonly host?: string
  /** Whoever calls is checked, so that they may call from elsewhere. */
  readonly checked?: boolean
}

/**
 * Listen on a loopback address, or on another where callers are checked.
 *
 * @throws Error for another address where they are not.
 */
export const listen = async (
  listener: RequestListener,
  { port = 0, host = '127.0.0.1', checked = false, ...options }: ListenOptions = {},
): Promise<LocalServer> => {
  if (!checked && !isLoopback(host)) {
    throw new Error(
      `${host} is not an address of this machine only, and nothing checks who calls. Use 127.0.0.1, or set CINDERLESS_AUTH`,
    )
  }
  const server = createServer(options, listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  const actual = typeof address === 'object' && address !== null ? address.port : port
  return {
    server,
    port: actual,
    url: urlOf(host, actual),
    close(ms = 0) {
      return new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), ms)
        // A connection whose request has just ended would otherwise be kept for the next one.
        const sweep = setInterval(() => server.closeIdleConnections(), 20)
        server.close(() => {
          clearTimeout(cut)
          clearInterval(sweep)
          resolve()
        })
      })
    },
  }
}

/**
 * Read a request's body.
 *
 * @returns undefined when it is longer than `limit` bytes: the rest is then left unread.
 */
export const readBody = async (request: IncomingMessage, limit: number): Promise<Buffer | undefined> => {
  if (Number(request.headers['content-length'] ?? 0) > limit) return undefined
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const done = (body: Buffer | undefined) => {
      request.removeListener('data', take)
      resolve(body)
    }
    const take = (chunk: Buffer) => {
      length += chunk.length
      if (length > limit) return done(undefined)
      chunks.push(chunk)
    }
    request.on('data', take)
    request.once('end', () => done(Buffer.concat(chunks)))
    request.once('error', reject)
    request.once('close', () =>
      reject(new Error('the connection was closed before the whole request was there')),
    )
  })
}
