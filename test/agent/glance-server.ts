import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export const token = 'hidden-token'
export const imageId = '2b7c9d1e-5a64-4f0e-8f0b-6b8f3a2d1c00'

export interface GlanceOptions {
  readonly disk_format?: string
  /** Asked with each request; a status is answered instead. */
  readonly before?: (method: string) => number | undefined
  /** Whether what was answered to a request is lost. */
  readonly loses?: (method: string) => boolean
  /** What is kept of the data that came. */
  readonly kept?: (data: Buffer) => Buffer
  /** Milliseconds between pieces of data. */
  readonly paceMs?: number
}

/** One image in Glance's manner, on loopback: it takes data once, while the image is queued. */
export const startGlance = async (options: GlanceOptions = {}) => {
  const { disk_format = 'qcow2', before, loses, kept = (data) => data } = options
  let { paceMs = 0 } = options
  const image: Record<string, unknown> & { status: string } = { id: imageId, status: 'queued', disk_format }
  let content: Buffer | undefined
  let sent = 0

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url } = request
    const status = before?.(method)
    if (status !== undefined) return response.writeHead(status).end()
    if (request.headers['x-auth-token'] !== token) return response.writeHead(401).end()
    if (!url?.startsWith(`/v2/images/${imageId}`)) return response.writeHead(404).end()
    if (method === 'GET') return response.end(JSON.stringify(image))
    if (image.status !== 'queued') return response.writeHead(409).end()
    sent += 1
    response.writeContinue()
    image.status = 'saving'
    const pieces: Buffer[] = []
    try {
      for await (const piece of request) {
        pieces.push(piece as Buffer)
        if (paceMs > 0) await sleep(paceMs)
      }
    } catch {
      image.status = 'queued'
      return response.destroy()
    }
    content = kept(Buffer.concat(pieces))
    const hash = createHash('sha512').update(content).digest('hex')
    Object.assign(image, {
      status: 'active',
      size: content.length,
      os_hash_algo: 'sha512',
      os_hash_value: hash,
    })
    if (loses?.(method)) return response.destroy()
    return response.writeHead(204).end()
  }

  const take = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch(() => response.destroy())
  }
  // As Glance does it: data are wanted when they are first read.
  const server = createServer(take).on('checkContinue', take)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    image,
    get content() {
      return content ?? Buffer.alloc(0)
    },
    hurry: () => {
      paceMs = 0
    },
    /** How often data was begun to be sent. */
    get sent() {
      return sent
    },
    store: { kind: 'glance', endpoint: `http://127.0.0.1:${port}` },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
