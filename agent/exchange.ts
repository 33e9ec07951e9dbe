import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

const limits = { idleMs: 60_000, continueMs: 2_000, mostAnswerBytes: 4 * 1024 ** 2, sockets: 4 }

/** A large body, that is sent when the server wants it. */
export interface Pieces {
  readonly bytes: number
  /** Gives the pieces one after the other; when `write` resolves, a piece is sent and its buffer free. */
  readonly each: (write: (piece: Buffer) => Promise<void>) => Promise<void>
}

export interface Question {
  readonly url: URL
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Pieces | string
  readonly signal: AbortSignal | undefined
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/**
 * Speak HTTP with a server of the operator's, whose address the configuration names. No proxy, no redirect.
 *
 * @param ca authorities beside the public ones
 * @throws Error there was no answer that could be read
 */
export const connection = (origin: URL, ca: string[] | undefined) => {
  const isHttps = origin.protocol === 'https:'
  const keeping = { keepAlive: true, maxSockets: limits.sockets }
  const agent = isHttps ? new HttpsAgent({ ...keeping, ca, minVersion: 'TLSv1.2' }) : new HttpAgent(keeping)
  return {
    ask: async ({ url, method, headers, body, signal }: Question): Promise<Reply> => {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
      const request = (isHttps ? httpsRequest : httpRequest)(url, {
        ...{ agent, method },
        ...(signal && { signal }),
        headers: { 'user-agent': 'cinderless-agent', ...headers, ...lengthOf(body) },
      })
      request.setTimeout(limits.idleMs, () =>
        request.destroy(new Error(`it said nothing for ${limits.idleMs} ms`)),
      )
      request.once('response', resolve)
      // Kept on: a server that has answered may break the connection off while data still goes to it.
      request.on('error', reject)
      const isLarge = typeof body === 'object'
      if (!isLarge) request.end(body)
      const poured = isLarge ? pour(request, body).catch((error: Error) => request.destroy(error)) : undefined
      try {
        const response = await promise
        return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response) }
      } catch (error) {
        request.destroy()
        throw error
      } finally {
        if (!request.writableFinished) request.destroy()
        await poured
      }
    },
    close: (): void => agent.destroy(),
  }
}

const lengthOf = (body: Question['body']): Record<string, string> => {
  if (typeof body === 'object') return { 'content-length': String(body.bytes), expect: '100-continue' }
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
}

/**
 * Send data when the server says that it wants them, or nothing: a refusal would be lost where a server breaks the
 * connection off under data that nobody reads.
 */
const pour = async (request: ClientRequest, { each }: Pieces): Promise<void> => {
  let stop: (error: Error) => void = () => {}
  request.once('close', () => stop(new Error('the connection was closed')))
  const written = (begin: (done: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => {
      stop = reject
      if (request.destroyed) reject(new Error('the connection was closed'))
      else begin((error) => (error ? reject(error) : resolve()))
    })
  await written((done) => {
    const anyway = setTimeout(done, limits.continueMs)
    request.once('close', () => clearTimeout(anyway))
    request.once('continue', () => {
      clearTimeout(anyway)
      done()
    })
    request.flushHeaders()
  })
  await each((piece) => written((done) => request.write(piece, done)))
  request.end()
}

const textOf = async (response: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > limits.mostAnswerBytes) throw new Error('its answer is too long')
  }
  return text
}
