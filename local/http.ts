import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http'

const loopback = new Set(['127.0.0.1', '::1', 'localhost'])

/** A server on this machine only. */
export interface LocalServer {
  readonly server: Server
  readonly port: number
  readonly url: string
  /** Stop accepting, let running requests end for at most `ms`, then cut the rest. */
  close(ms?: number): Promise<void>
}

/**
 * Listen on a loopback address.
 *
 * @param port 0 for any free one.
 * @throws Error for another address: there is no check of who calls.
 */
export const listen = async (
  listener: RequestListener,
  { port = 0, host = '127.0.0.1', ...options }: ServerOptions & { port?: number; host?: string } = {},
): Promise<LocalServer> => {
  if (!loopback.has(host)) {
    throw new Error(
      `${host} is not an address of this machine only: the local system checks no callers. Use 127.0.0.1`,
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
    url: `http://127.0.0.1:${actual}`,
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
