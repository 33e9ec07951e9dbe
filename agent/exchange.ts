import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'

const limits = { idleMs: 60_000, continueMs: 2_000, mostAnswerBytes: 4 * 1024 ** 2, sockets: 4 }

/** A large body, that is sent when the server wants it. */
export interface Stream {
  readonly stream: Readable
  readonly bytes: number
}

export interface Question {
  readonly url: URL
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Stream | string
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
      if (typeof body === 'object') whenWanted(request, () => pour(body.stream, request))
      else request.end(body)
      try {
        const response = await promise
        return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response) }
      } catch (error) {
        request.destroy()
        throw error
      } finally {
        if (typeof body === 'object') body.stream.destroy()
      }
    },
    close: (): void => agent.destroy(),
  }
}

const lengthOf = (body: Question['body']): Record<string, string> => {
  if (typeof body === 'object') return { 'content-length': String(body.bytes), expect: '100-continue' }
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
}

const pour = (stream: Readable, request: ClientRequest) => {
  stream.once('error', (error) => request.destroy(error)).pipe(request)
}

/**
 * Send data when the server says that it wants them, or nothing: a refusal would be lost where a server breaks the
 * connection off under data that nobody reads.
 */
const whenWanted = (request: ClientRequest, send: () => void) => {
  const anyway = setTimeout(send, limits.continueMs)
  const known = () => clearTimeout(anyway)
  request.once('response', known).once('close', known)
  request.once('continue', () => {
    known()
    send()
  })
  request.flushHeaders()
}

const textOf = async (response: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > limits.mostAnswerBytes) throw new Error('its answer is too long')
  }
  return text
}
