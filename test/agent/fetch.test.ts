import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addressChecker, type Resolve } from '../../agent/addresses.ts'
import { type Fetch, fetchInto } from '../../agent/fetch.ts'
import { httpsOrigin } from '../../agent/origin.ts'
import type { Part } from '../../agent/partial.ts'
import { ca, serve, startImageServer } from './image-server.ts'
import { MiB, noise } from './support.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fetch-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const loopback: Resolve = async () => [{ address: '127.0.0.1', family: 4 }]
const digest = (content: Buffer, name = 'sha256') => createHash(name).update(content).digest('hex')
const content = noise(3 * MiB)

interface Changes extends Partial<Omit<Fetch, 'origin'>> {
  readonly allow?: string[]
  readonly resolve?: Resolve
  readonly ca?: string[] | undefined
  readonly limits?: { connectMs: number; idleMs: number }
  readonly signal?: AbortSignal
}

/** Fetch from `images.example` on this port, into a file. */
const fetched = async (port: number, path: string, changes: Changes = {}) => {
  const {
    allow = ['127.0.0.0/8'],
    resolve = loopback,
    limits = { connectMs: 5_000, idleMs: 5_000 },
    signal = new AbortController().signal,
    ...job
  } = changes
  const file = join(folder, 'file')
  await using handle = await open(file, job.part ? 'r+' : 'w+')
  const synced: Part[] = []
  const origin = httpsOrigin(path.startsWith('/') ? `https://images.example:${port}${path}` : path, {
    addressesOf: addressChecker(allow, resolve),
    ports: [port],
    ca: 'ca' in changes ? changes.ca : [ca],
    limits,
    signal,
  })
  const bytes = await fetchInto(handle, {
    origin,
    signal,
    digests: {},
    sizeBytes: undefined,
    mostBytes: 8 * MiB,
    leastBytesPerSecond: 0,
    part: undefined,
    assertSpace: async () => {},
    onProgress: () => {},
    onSynced: async (part) => void synced.push(part),
    backoffMs: 1,
    ...job,
  })
  return { bytes, synced, content: await readFile(file) }
}

test('fetches a file, and compares both digests and the size as it comes', async () => {
  await using server = await startImageServer(
    (request, response) => void serve(request, response, content, { tag: '"a"' }),
  )

  const answer = await fetched(server.port, '/disk.raw?signature=secret', {
    digests: { sha256: digest(content), sha512: digest(content, 'sha512') },
    sizeBytes: content.length,
  })

  expect(answer.content.equals(content)).toBe(true)
  expect(answer.synced).toEqual([{ bytes: content.length, tag: '"a"' }])
  expect(server.asked).toMatchObject([
    { url: '/disk.raw?signature=secret', host: `images.example:${server.port}` },
  ])
})

test('goes on where the connection broke off, as long as the file is the same', async () => {
  await using server = await startImageServer((request, response) => {
    const breakAfter = server.asked.length < 3 ? MiB + 1000 : undefined
    void serve(request, response, content, { tag: '"a"', breakAfter })
  })

  const answer = await fetched(server.port, '/disk', { digests: { sha256: digest(content) } })

  expect(answer.content.equals(content)).toBe(true)
  expect(server.asked.map(({ range }) => range)).toEqual([undefined, expect.any(String), expect.any(String)])
  expect(server.asked.map(({ ifRange }) => ifRange)).toEqual([undefined, '"a"', '"a"'])
})

test.each(['W/"a"', undefined])('begins anew where the server gives no strong tag: %s', async (tag) => {
  await using server = await startImageServer((request, response) => {
    void serve(request, response, content, { tag, breakAfter: server.asked.length < 2 ? MiB : undefined })
  })

  const answer = await fetched(server.port, '/disk')

  expect(answer.content.equals(content)).toBe(true)
  expect(server.asked.map(({ range }) => range)).toEqual([undefined, undefined])
})

test('a file that changes meanwhile is fetched from its beginning, and then is not what was promised', async () => {
  const other = noise(2 * MiB)
  await using server = await startImageServer((request, response) => {
    if (server.asked.length === 1) void serve(request, response, content, { tag: '"a"', breakAfter: MiB })
    else void serve(request, response, other, { tag: '"b"' })
  })

  const promised = fetched(server.port, '/disk', { digests: { sha256: digest(content) } })
  await expect(promised).rejects.toMatchObject({
    code: 'digest_mismatch',
    details: { sha256: digest(other) },
  })

  server.asked.length = 0
  expect((await fetched(server.port, '/disk')).content.equals(other)).toBe(true)
})

test('gives up on a file that changes again and again', async () => {
  await using server = await startImageServer((request, response) => {
    void serve(request, response, content, { tag: `"${server.asked.length}"`, breakAfter: 2 * MiB })
  })

  await expect(fetched(server.port, '/disk')).rejects.toMatchObject({ code: 'source_changed' })
})

test('goes on with what an earlier agent left, hashed anew; where that is rotten, it begins again', async () => {
  await using server = await startImageServer(
    (request, response) => void serve(request, response, content, { tag: '"a"' }),
  )
  await fetched(server.port, '/disk')
  server.asked.length = 0
  const part = { bytes: MiB, tag: '"a"' }
  const digests = { sha256: digest(content) }

  await fetched(server.port, '/disk', { part, digests })
  expect(server.asked.map(({ range }) => range)).toEqual([`bytes=${MiB}-`])

  const handle = await open(join(folder, 'file'), 'r+')
  await handle.write('rotten')
  await handle.close()
  const again = await fetched(server.port, '/disk', { part, digests })
  expect(again.content.equals(content)).toBe(true)
  expect(server.asked.map(({ range }) => range)).toEqual([`bytes=${MiB}-`, `bytes=${MiB}-`, undefined])
})

test.each<[string, string, number, Changes]>([
  ['a file longer than may be taken', 'image_too_large', 200, { mostBytes: MiB }],
  ['a file of another size than stated', 'digest_mismatch', 200, { sizeBytes: MiB }],
  ['a file with another digest', 'digest_mismatch', 200, { digests: { sha512: '0'.repeat(128) } }],
  ['a file that is not there', 'source_not_found', 404, {}],
  ['a file one may not have', 'source_refused', 403, {}],
  ['a server that cannot, five times', 'source_unavailable', 503, {}],
  ['an authority nobody trusts', 'source_refused', 200, { ca: undefined }],
  ['loopback, unless it is allowed', 'source_refused', 200, { allow: [] }],
])('refuses %s', async (_, code, status, changes) => {
  await using server = await startImageServer((request, response) => {
    if (status === 200) void serve(request, response, content)
    else response.writeHead(status).end()
  })

  await expect(fetched(server.port, '/disk?key=secret', changes)).rejects.toMatchObject({
    code,
    message: expect.not.stringContaining('secret'),
  })
  expect(server.asked).toHaveLength(status === 503 ? 5 : code === 'source_refused' && status === 200 ? 0 : 1)
})

test('refuses a file that is longer than the server said it would be, or that it says nothing about', async () => {
  await using server = await startImageServer((_, response) => void response.writeHead(200).end(content))

  await expect(fetched(server.port, '/disk', { mostBytes: MiB })).rejects.toMatchObject({
    code: 'image_too_large',
  })
  expect((await fetched(server.port, '/disk')).bytes).toBe(content.length)
})

test.each(['gzip', 'br', 'x-unknown'])('refuses a file encoded with %s', async (encoding) => {
  await using server = await startImageServer((_, response) => {
    response.writeHead(200, { 'content-encoding': encoding }).end('bomb')
  })

  await expect(fetched(server.port, '/disk')).rejects.toMatchObject({ code: 'source_refused' })
})

test('refuses a file whose transfer is encoded by more than chunks', async () => {
  await using server = await startImageServer((request) => {
    request.socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n4\r\nbomb\r\n0\r\n\r\n')
  })

  await expect(fetched(server.port, '/disk')).rejects.toMatchObject({ code: 'source_refused' })
})

test('follows three redirects, each checked like the first, and no fourth', async () => {
  await using server = await startImageServer((request, response) => {
    const [, left] = /^\/(\d)$/.exec(request.url ?? '') ?? []
    if (left === '0') void serve(request, response, content)
    else response.writeHead(302, { location: `/${Number(left) - 1}` }).end()
  })

  expect((await fetched(server.port, '/3')).bytes).toBe(content.length)
  await expect(fetched(server.port, '/4')).rejects.toMatchObject({ code: 'source_refused' })
  expect(server.asked.map(({ url }) => url)).toEqual(['/3', '/2', '/1', '/0', '/4', '/3', '/2', '/1'])
})

test.each([
  ['another scheme', 'http://images.example/disk'],
  ['a file of this host', 'file:///etc/passwd'],
  ['a port that is not allowed', 'https://images.example:22/disk'],
  ['an address with credentials', 'https://user:pass@images.example/disk'],
  ['metadata of the cloud', 'https://169.254.169.254:PORT/latest'],
  ['a name that leads to a private address', 'https://inside.example:PORT/disk'],
  ['an address in another notation', 'https://0x0a.1:PORT/disk'],
])('goes to %s neither at once nor by a redirect', async (_, location) => {
  const resolve: Resolve = async (name) => [
    { address: name === 'inside.example' ? '192.168.0.1' : '127.0.0.1', family: 4 },
  ]
  await using server = await startImageServer((_, response) => {
    response.writeHead(307, { location: location.replace('PORT', `${server.port}`) }).end()
  })

  for (const path of ['/disk', location.replace('PORT', `${server.port}`)]) {
    await expect(fetched(server.port, path, { resolve })).rejects.toMatchObject({ code: 'source_refused' })
  }
  expect(server.asked).toHaveLength(1)
})

test('a name is resolved once, though the connection breaks and is made again', async () => {
  let resolved = 0
  const resolve: Resolve = async () => {
    resolved += 1
    return [{ address: resolved === 1 ? '127.0.0.1' : '127.9.9.9', family: 4 }]
  }
  await using server = await startImageServer((request, response) => {
    void serve(request, response, content, {
      tag: '"a"',
      breakAfter: server.asked.length < 2 ? MiB : undefined,
    })
  })

  await fetched(server.port, '/disk', { resolve })

  expect([resolved, server.asked.length]).toEqual([1, 2])
})

test('no proxy of the environment is asked', async () => {
  await using server = await startImageServer((request, response) => void serve(request, response, content))
  const before = { ...process.env }
  Object.assign(process.env, {
    NODE_USE_ENV_PROXY: '1',
    HTTPS_PROXY: 'http://127.0.0.1:1',
    https_proxy: 'http://127.0.0.1:1',
  })
  try {
    expect((await fetched(server.port, '/disk')).bytes).toBe(content.length)
  } finally {
    process.env = before
  }
})

test.each([
  ['takes no connection', { limits: { connectMs: 50, idleMs: 5_000 } }],
  ['says nothing', { limits: { connectMs: 5_000, idleMs: 50 } }],
  ['sends its headers a byte at a time', { limits: { connectMs: 5_000, idleMs: 100 } }],
  ['is too slow', { leastBytesPerSecond: MiB, speedWindowMs: 50 }],
])('gives up on a server that %s', async (how, changes) => {
  const timers: NodeJS.Timeout[] = []
  await using server = await startImageServer((request, response) => {
    if (how.startsWith('sends its headers')) {
      request.socket.write('HTTP/1.1 200 OK\r\nx: ')
      timers.push(setInterval(() => request.socket.write('y'), 10))
    }
    if (how === 'is too slow') void serve(request, response, content, { pace: { bytes: 1000, ms: 20 } })
  })
  const deaf = createTcpServer(() => {}).listen(0, '127.0.0.1')
  await once(deaf, 'listening')
  const { port } = how === 'takes no connection' ? (deaf.address() as AddressInfo) : server

  await expect(fetched(port, '/disk', changes)).rejects.toMatchObject({ code: 'source_unavailable' })
  deaf.close()
  for (const timer of timers) clearInterval(timer)
})

test('stops when it is told to', async () => {
  await using server = await startImageServer((request, response) => {
    void serve(request, response, content, { pace: { bytes: 1000, ms: 20 } })
  })
  const stop = new AbortController()
  const reason = new Error('enough')

  const stopped = fetched(server.port, '/disk', { signal: stop.signal, onProgress: () => stop.abort(reason) })

  await expect(stopped).rejects.toBe(reason)
})
