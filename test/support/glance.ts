import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer, json } from 'node:stream/consumers'

type Record = { id: string; status: string; [property: string]: any }
interface Stored {
  readonly image: Record
  data?: Buffer
}
/** Answers instead of Glance with a status, where it gives one. */
export type Before = (method: string, path: string) => number | undefined

const token = 'a-hidden-token'
const hashOf = (algorithm: string, data: Buffer) => createHash(algorithm).update(data).digest('hex')

/**
 * Keystone and Glance as far as jobs ask them, on loopback: for what has to be killed, cut off or slow. The real ones are
 * asked in test/openstack.
 */
export const startGlance = async () => {
  const stored = new Map<string, Stored>()
  let before: Before = () => undefined
  const say = (response: ServerResponse, status: number, body?: object, headers = {}) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(body && JSON.stringify(body))

  const issue = (response: ServerResponse, host: string | undefined) => {
    const endpoints = [{ interface: 'public', region_id: 'R', url: `http://${host}` }]
    const expires_at = new Date(Date.now() + 3_600_000).toISOString()
    const issued = { expires_at, catalog: [{ type: 'image', endpoints }] }
    say(response, 201, { token: issued }, { 'x-subject-token': token })
  }

  const create = (response: ServerResponse, asked: Record) => {
    if (stored.has(asked.id)) return say(response, 409)
    const image = { min_disk: 0, min_ram: 0, owner: 'service', ...asked, status: 'queued' }
    stored.set(image.id, { image })
    return say(response, 201, image)
  }

  const take = async (one: Stored, request: IncomingMessage, response: ServerResponse) => {
    if (one.image.status !== 'queued') return say(response, 409)
    response.writeContinue()
    one.image.status = 'saving'
    const data = await buffer(request).catch(() => undefined)
    if (data === undefined) {
      one.image.status = 'queued'
      return response.destroy()
    }
    one.data = data
    const hashes = { os_hash_algo: 'sha512', os_hash_value: hashOf('sha512', data) }
    Object.assign(one.image, { status: 'active', size: data.length, ...hashes })
    return say(response, 204)
  }

  const give = ({ data }: Stored, { headers }: IncomingMessage, response: ServerResponse) => {
    if (data === undefined) return say(response, 204)
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
    const range = { 'content-range': `bytes ${from}-${data.length - 1}/${data.length}` }
    const said = { 'content-md5': hashOf('md5', data), 'content-length': data.length - from }
    response.writeHead(from > 0 ? 206 : 200, { ...said, ...(from > 0 && range) })
    return response.end(data.subarray(from))
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request
    const refused = before(method, url)
    if (refused !== undefined) return say(response, refused)
    if (url === '/v3/auth/tokens') return issue(response, headers.host)
    if (headers['x-auth-token'] !== token) return say(response, 401)
    if (method === 'POST') return create(response, (await json(request)) as Record)
    const [, id = '', file] = /^\/v2\/images\/([^/]+)(\/file)?$/.exec(url) ?? []
    const one = stored.get(id)
    if (one === undefined) return say(response, 404)
    if (method === 'PUT') return take(one, request, response)
    if (file !== undefined) return give(one, request, response)
    if (method === 'DELETE') {
      if (one.image.protected) return say(response, 403)
      stored.delete(id)
      return say(response, 204)
    }
    if (method === 'PATCH') {
      for (const { path, value } of (await json(request)) as { path: string; value: unknown }[])
        one.image[path.slice(1)] = value
    }
    return say(response, 200, one.image)
  }

  const serve = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch(() => response.destroy())
  }
  const server = createServer(serve).on('checkContinue', serve).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    /** What functions are told of it, found at this address. */
    environmentAt: (at: string) => ({
      OS_AUTH_URL: `${at}/v3`,
      OS_USERNAME: 'block',
      OS_PASSWORD: 'a-hidden-password',
      OS_PROJECT_NAME: 'service',
      OS_REGION_NAME: 'R',
    }),
    images: stored,
    /** An image that is there, with its data. */
    put: (image: Record, data: Buffer) => {
      const hashes = { os_hash_algo: 'sha512', os_hash_value: hashOf('sha512', data) }
      const kept = { container_format: 'bare', min_disk: 0, min_ram: 0, size: data.length, ...hashes }
      stored.set(image.id, { image: { ...kept, ...image }, data })
    },
    meddle: (next: Before = () => undefined) => {
      before = next
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}
export type GlanceServer = Awaited<ReturnType<typeof startGlance>>
