import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { volumeDelete } from '../../lib/storpool/volumes.ts'
import { selfSigned } from './certificate.ts'
import { client, failing, listening, ok, rawServing, refusal, serving, TOKEN } from './servers.ts'

const anything = z.unknown()

/** A certificate for the proxy, and one for StorPool, whose name no resolver knows. */
const proxyPair = selfSigned({ dns: ['localhost'], ips: ['127.0.0.1'] })
const storpoolPair = selfSigned({ dns: ['storpool.example', 'localhost'] })
const ca = `${proxyPair.cert}${storpoolPair.cert}`

interface Asked {
  line: string
  host: string | undefined
  authorization: string | undefined
  proxyAuthorization: string | undefined
}

/** A forward proxy that sends everything to one port, whatever host was asked for. */
const proxying = async (to: number, tls?: { cert: string; key: string }, refuse?: number) => {
  const asked: Asked[] = []
  const note = ({ method, url, headers }: http.IncomingMessage) =>
    asked.push({
      line: `${method} ${url}`,
      host: headers.host,
      authorization: headers.authorization,
      proxyAuthorization: headers['proxy-authorization'],
    })
  const server = tls === undefined ? http.createServer() : https.createServer(tls)
  server.on('request', (request, response) => {
    note(request)
    if (refuse !== undefined) {
      response.writeHead(refuse).end('<html>no</html>')
      return
    }
    const { pathname } = new URL(request.url ?? '')
    const { method, headers } = request
    const onward = http.request(
      { host: '127.0.0.1', port: to, path: pathname, method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(response)
      },
    )
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  server.on('connect', (request: http.IncomingMessage, socket: net.Socket, head: Buffer) => {
    note(request)
    if (refuse !== undefined) {
      socket.end(`HTTP/1.1 ${refuse} No\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const onward = net.connect(to, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.write(head)
      onward.pipe(socket)
      socket.pipe(onward)
    })
    onward.on('error', () => {}).on('close', () => socket.destroy())
    socket.on('end', () => onward.destroy())
  })
  return { ...(await listening(server)), asked }
}

const secure = (pair: { cert: string; key: string }) => (listener: http.RequestListener) =>
  https.createServer(pair, listener)

test.each([
  ['http', undefined],
  ['https', proxyPair],
])(
  'plain StorPool through an %s proxy: the proxy gets the whole URL, and keeps its connection',
  async (scheme, pair) => {
    await using server = await serving()
    await using proxy = await proxying(server.port, pair)
    using storpool = client(81, {
      host: 'storpool.example',
      proxy: `${scheme}://127.0.0.1:${proxy.port}`,
      ca,
    })

    await volumeDelete(storpool.now(), 'a#b')
    await storpool.now().post('VolumeCreate', [], { name: 'v' }, anything)

    expect(proxy.asked).toMatchObject([
      {
        line: 'POST http://storpool.example:81/ctrl/1.0/MultiCluster/VolumeDelete/a%23b',
        host: 'storpool.example:81',
        authorization: `Storpool v1:${TOKEN}`,
        proxyAuthorization: undefined,
      },
      { line: 'POST http://storpool.example:81/ctrl/1.0/MultiCluster/VolumeCreate' },
    ])
    expect(server.seen).toMatchObject([
      { url: '/ctrl/1.0/MultiCluster/VolumeDelete/a%23b', body: '' },
      { url: '/ctrl/1.0/MultiCluster/VolumeCreate', body: '{"name":"v"}' },
    ])
    expect(proxy.connections()).toBe(1)
  },
)

test('TLS straight to what stands in front of StorPool, over one connection', async () => {
  await using server = await serving(undefined, secure(storpoolPair))
  using storpool = client(server.port, { host: 'localhost', tls: true, ca })

  await volumeDelete(storpool.now(), 'v')
  await volumeDelete(storpool.now(), 'w')

  expect(server.seen.map(({ url, conn }) => [url, conn])).toEqual([
    ['/ctrl/1.0/MultiCluster/VolumeDelete/v', 0],
    ['/ctrl/1.0/MultiCluster/VolumeDelete/w', 0],
  ])
})

test.each([
  ['http', undefined],
  ['https', proxyPair],
])('TLS through an %s proxy is a tunnel: the proxy sees neither token nor name', async (scheme, pair) => {
  await using server = await serving(undefined, secure(storpoolPair))
  await using proxy = await proxying(server.port, pair)
  using storpool = client(8443, {
    host: 'storpool.example',
    tls: true,
    proxy: `${scheme}://127.0.0.1:${proxy.port}`,
    ca,
  })

  await volumeDelete(storpool.now(), 'v')
  await volumeDelete(storpool.now(), 'w')

  expect(proxy.asked).toEqual([
    {
      line: 'CONNECT storpool.example:8443',
      host: 'storpool.example:8443',
      authorization: undefined,
      proxyAuthorization: undefined,
    },
  ])
  expect(server.seen).toMatchObject([
    { conn: 0, headers: { authorization: `Storpool v1:${TOKEN}`, host: 'storpool.example:8443' } },
    { conn: 0 },
  ])
})

test.each([false, true])(
  "the proxy's user and password go to the proxy alone (TLS to StorPool: %j)",
  async (tls) => {
    await using server = await serving(undefined, tls ? secure(storpoolPair) : undefined)
    await using proxy = await proxying(server.port)
    using storpool = client(81, {
      host: 'storpool.example',
      tls,
      proxy: `http://us%40er:p%3Ass@127.0.0.1:${proxy.port}`,
      ca,
    })

    await volumeDelete(storpool.now(), 'v')

    const credentials = Buffer.from('us@er:p:ss').toString('base64')
    expect(proxy.asked[0]?.proxyAuthorization).toBe(`Basic ${credentials}`)
    expect(server.seen[0]?.headers.authorization).toBe(`Storpool v1:${TOKEN}`)
  },
)

test('a tunnel that stands may be silent for longer than it took to open', async () => {
  await using server = await serving(
    (response) => setTimeout(() => response.end(ok()), 2300),
    secure(storpoolPair),
  )
  await using proxy = await proxying(server.port)
  using storpool = client(443, {
    host: 'storpool.example',
    tls: true,
    proxy: `http://127.0.0.1:${proxy.port}`,
    ca,
  })

  await expect(volumeDelete(storpool.now(10_000), 'v')).resolves.toMatchObject({ ok: true })
})

test('a proxy that opens no tunnel leaves nothing written', async () => {
  await using proxy = await proxying(1, undefined, 403)
  using storpool = client(443, {
    host: 'storpool.example',
    tls: true,
    proxy: `http://127.0.0.1:${proxy.port}`,
  })

  const error = await failing(volumeDelete(storpool.now(150), 'v'))

  expect(error).toMatchObject({ name: 'StorPoolUnreachable', reason: 'connect', mayHaveHappened: false })
  expect(String(error)).toContain('the proxy opened no tunnel: HTTP 403')
})

test('a proxy that refuses a plain request is unreadable', async () => {
  await using proxy = await proxying(1, undefined, 407)
  using storpool = client(81, { host: 'storpool.example', proxy: `http://127.0.0.1:${proxy.port}` })

  const error = await failing(volumeDelete(storpool.now(), 'v'))

  expect(error).toMatchObject({ name: 'StorPoolUnreadable', httpStatus: 407 })
})

test('a refusal comes through a tunnel as one', async () => {
  await using server = await serving((response) => response.end(refusal('busy')), secure(storpoolPair))
  await using proxy = await proxying(server.port)
  using storpool = client(443, {
    host: 'storpool.example',
    tls: true,
    proxy: `http://127.0.0.1:${proxy.port}`,
    ca,
  })

  await expect(volumeDelete(storpool.now(), 'v')).rejects.toMatchObject({ errorName: 'busy' })
})

test('a change cut off inside a tunnel leaves its outcome open', async () => {
  await using server = await serving((response) => response.socket?.destroy(), secure(storpoolPair))
  await using proxy = await proxying(server.port)
  using storpool = client(443, {
    host: 'storpool.example',
    tls: true,
    proxy: `http://127.0.0.1:${proxy.port}`,
    ca,
  })

  const error = await failing(volumeDelete(storpool.now(), 'v'))

  expect(error).toMatchObject({ reason: 'broken', mayHaveHappened: true })
  expect(server.seen).toHaveLength(1)
})

test.each([
  ['whose name is another', 'other.example', ca],
  ['signed by nobody known', 'storpool.example', undefined],
])('a server %s gets no byte of a request', async (_, host, authorities) => {
  await using server = await serving(undefined, secure(storpoolPair))
  await using proxy = await proxying(server.port)
  using storpool = client(443, {
    host,
    tls: true,
    proxy: `http://127.0.0.1:${proxy.port}`,
    ...(authorities === undefined ? {} : { ca: authorities }),
  })

  const error = await failing(volumeDelete(storpool.now(150), 'v'))

  expect(error).toMatchObject({ reason: 'connect', mayHaveHappened: false })
  expect(server.seen).toEqual([])
})

test('a TLS proxy has to be who it is called, not who StorPool is called', async () => {
  await using server = await serving()
  await using proxy = await proxying(server.port, storpoolPair)
  using storpool = client(81, { host: 'storpool.example', proxy: `https://127.0.0.1:${proxy.port}`, ca })

  const error = await failing(volumeDelete(storpool.now(150), 'v'))

  expect(error).toMatchObject({ reason: 'connect', mayHaveHappened: false })
  expect(proxy.asked).toEqual([])
})

test.each([
  ['a server that shakes no hands', false],
  ['a proxy that never answers', true],
])('%s is no connection: nothing was written', async (_, isProxy) => {
  await using silent = await rawServing(() => {})
  const way = isProxy ? { host: 'storpool.example', proxy: `http://127.0.0.1:${silent.port}` } : {}
  using storpool = client(silent.port, { ...way, tls: true })
  const start = Date.now()

  const error = await failing(volumeDelete(storpool.now(150), 'v'))

  expect(error).toMatchObject({ reason: 'connect', mayHaveHappened: false })
  expect(Date.now() - start).toBeLessThan(1500)
})

test('a tunnel to a server that shakes no hands is given up, and closed', async () => {
  await using silent = await rawServing(() => {})
  await using proxy = await proxying(silent.port)
  using storpool = client(443, {
    host: 'storpool.example',
    tls: true,
    proxy: `http://127.0.0.1:${proxy.port}`,
  })

  const error = await failing(volumeDelete(storpool.now(150), 'v'))

  expect(error).toMatchObject({ reason: 'connect', mayHaveHappened: false })
  expect(proxy.asked).toHaveLength(1)
  await vi.waitFor(() => expect(proxy.open()).toBe(0), { timeout: 10_000 })
})

test.each(['localhost:3128', 'socks5://localhost', 'http//x', ''])(
  'a proxy of %j is refused at once, in words without it',
  (proxy) => {
    expect(() => client(81, { proxy })).toThrow('the proxy is not a URL that begins with http:// or https://')
  },
)

test('an address of IPv6 is written as URLs have it', async () => {
  await using server = await serving()
  await using proxy = await proxying(server.port)
  using storpool = client(81, { host: '::1', proxy: `http://127.0.0.1:${proxy.port}` })

  await volumeDelete(storpool.now(), 'v')

  expect(proxy.asked[0]).toMatchObject({
    line: 'POST http://[::1]:81/ctrl/1.0/MultiCluster/VolumeDelete/v',
    host: '[::1]:81',
  })
})
