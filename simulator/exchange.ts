import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'
import { invalid, Refusal } from './errors.ts'

/** No body of a call is anywhere near as large. */
const largestBody = 4 * 1024 * 1024

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Number of the TCP connection. */
  readonly conn: number
}

/** Past this the sender is cut off without an answer. */
const readAtMost = 256 * 1024 * 1024

/** Read a body; one that is too large is read to its end, so that the sender gets to see the refusal, but not kept. */
export const readBody = (request: IncomingMessage): Promise<string> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= largestBody) chunks.push(chunk)
      else chunks.length = 0
      if (length > readAtMost) request.destroy()
    })
    request.once('error', reject)
    request.once('close', () => reject(invalid('The body was cut off')))
    request.once('end', () => {
      if (length <= largestBody) resolve(Buffer.concat(chunks).toString('utf8'))
      else
        reject(new Refusal('invalidParam', `The body is larger than ${largestBody} bytes`, { status: 413 }))
    })
  })

export const parseJson = (text: string): unknown => {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('The body is not JSON')
  }
}

export const send = ({ response }: Exchange, { status, body }: Answer, type = 'application/json') => {
  if (response.destroyed) return
  response.writeHead(status, {
    'Content-Type': type,
    'Cache-Control': 'private',
    'Content-Length': Buffer.byteLength(body),
  })
  response.end(body)
}
