import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { newAuthority, newPair } from '../../agent/x509.ts'

const validity = { from: new Date(Date.now() - 3600_000), until: new Date(Date.now() + 3600_000) }
const authority = newAuthority('images', validity)
export const { cert: ca } = authority
const names = ['localhost', '127.0.0.1', 'images.example', 'other.example'] as const
export const pair = newPair(authority, { ...validity, names: [...names], purpose: 'server' })

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A real server of images, on loopback, with a certificate of its own authority. */
export const startImageServer = async (answer: Answer) => {
  const asked: {
    url: string
    range: string | undefined
    host: string | undefined
    ifRange: string | undefined
  }[] = []
  const server = createServer(pair, (request, response) => {
    const { range, host, 'if-range': ifRange } = request.headers
    asked.push({ url: request.url ?? '', range, host, ifRange: ifRange?.toString() })
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Served {
  readonly tag?: string | undefined
  /** Break the connection off after so many bytes of this answer. */
  readonly breakAfter?: number | undefined
  /** Bytes in one go, and the pause after them. */
  readonly pace?: { readonly bytes: number; readonly ms: number }
}

/** A file, or the part of it that is asked for, as servers of files answer. */
export const serve = async (
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  { tag, breakAfter, pace }: Served = {},
) => {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
  const goesOn = from !== undefined && tag !== undefined && request.headers['if-range'] === tag
  const part = goesOn ? content.subarray(Number(from)) : content
  response.writeHead(goesOn ? 206 : 200, {
    'content-length': part.length,
    ...(tag !== undefined && { etag: tag }),
    ...(goesOn && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
  })
  if (breakAfter !== undefined && breakAfter < part.length) {
    response.write(part.subarray(0, breakAfter), () => setTimeout(() => response.destroy(), 20))
    return
  }
  for (let at = 0; at < part.length; at += pace?.bytes ?? part.length) {
    if (response.destroyed) return
    response.write(part.subarray(at, at + (pace?.bytes ?? part.length)))
    if (pace) await new Promise((resolve) => setTimeout(resolve, pace.ms))
  }
  response.end()
}
