import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** What happens to a call on its way: to the request, or to the answer once the call was carried out. */
export const proxyFaults = {
  'cut before it is there': { carriedOut: false, by: 'cut' },
  'answered by a page of a proxy, and not carried out': { carriedOut: false, by: 'page' },
  'carried out, its answer lost': { carriedOut: true, by: 'cut' },
  'carried out, its answer cut in the middle': { carriedOut: true, by: 'half' },
  'carried out, and answered by a page of a proxy': { carriedOut: true, by: 'page' },
  'carried out, and answered when nobody waits any more': { carriedOut: true, by: 'late' },
} as const
export type ProxyFault = keyof typeof proxyFaults

const page = '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>'

/** What calls are told apart by. */
export type NameOf = (method: string, url: string, body: Buffer) => string

/** Of an agent's: the operation, and the job it is about: nothing else in it is a UUID. */
export const callOfAgent: NameOf = (_, url, body) => {
  const [, call = ''] = /^\/v1\/([^/?]+)/.exec(url) ?? []
  const [job = ''] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(decodeURIComponent(url) + body.toString()) ?? []
  return `${call} ${job}`
}

/** Of Glance's and of a bucket's: what is done with which object, and which part of it. */
export const callOfStore: NameOf = (method, address) => {
  const { pathname, searchParams } = new URL(address, 'http://store')
  return [method, pathname, ...searchParams.keys(), searchParams.get('partNumber') ?? ''].join(' ')
}

/** In front of one HTTP server, on loopback. The first call of each name meets what is asked for. */
export const startProxy = async (nameOf: NameOf) => {
  let target = ''
  let fault: ProxyFault | undefined
  let isMeant = (_name: string) => true
  let onHit = (_name: string): void => {}
  const hit = new Set<string>()

  const forward = async (request: IncomingMessage, body: Buffer) => {
    const { method, url, headers } = request
    const passed = send(new URL(url ?? '/', target), { method, headers, agent: false })
    passed.end(body)
    const [answer]: IncomingMessage[] = await once(passed, 'response')
    if (answer === undefined) throw new Error('no answer')
    const { 'transfer-encoding': _chunked, ...rest } = answer.headers
    return { status: answer.statusCode ?? 502, headers: rest, body: await buffer(answer) }
  }

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request)
    const name = nameOf(request.method ?? '', request.url ?? '/', body)
    const now = fault === undefined || hit.has(name) || !isMeant(name) ? undefined : proxyFaults[fault]
    if (now !== undefined) hit.add(name)
    const answer = now?.carriedOut === false ? undefined : await forward(request, body)
    if (now?.by === 'cut' || (answer === undefined && now?.by !== 'page')) {
      request.socket.resetAndDestroy()
      return
    }
    if (now?.by === 'page' || answer === undefined) {
      response.writeHead(502, { 'content-type': 'text/html' }).end(page)
      return
    }
    if (now !== undefined) onHit(name)
    // Whoever asks gives up some time.
    if (now?.by === 'late') await once(request.socket, 'close')
    const half = now?.by === 'half'
    // What is said of a body that is not sent stays.
    const length = request.method === 'HEAD' ? {} : { 'content-length': answer.body.length }
    response.writeHead(answer.status, { ...answer.headers, ...length })
    if (half) response.write(answer.body.subarray(0, answer.body.length / 2), () => response.destroy())
    else response.end(answer.body)
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    /** @returns where what is at this address is found from here on. */
    through: (url: string) => {
      target = url
      return `http://127.0.0.1:${port}`
    },
    /**
     * @param next undefined: all goes well again. @param meant the names of calls that may meet it. @param then runs when
     *   one has been carried out, before it is answered.
     */
    meet: (
      next: ProxyFault | undefined,
      meant: (name: string) => boolean = () => true,
      then: (name: string) => void = () => {},
    ) => {
      hit.clear()
      fault = next
      isMeant = meant
      onHit = then
    },
    /** What was hit since then. */
    hit,
    close: async () => {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}
