import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { inDriversWords } from '../../lib/drivers-words.ts'
import {
  isAmbiguous,
  isNoSuchClient,
  isOpenAt,
  isRefusal,
  StorPoolApiError,
  StorPoolUnreadable,
} from '../../lib/storpool/errors.ts'
import { volumeCreate, volumeDelete, volumeSummary, volumesList } from '../../lib/storpool/volumes.ts'
import { client, failing, ok, rawServing, refusal, serving, TOKEN } from './servers.ts'

const failure = async (status: number, body: string | Buffer, type = 'application/json') => {
  await using server = await serving((response) =>
    response.writeHead(status, { 'content-type': type }).end(body),
  )
  using storpool = client(server.port)
  return await failing(volumeDelete(storpool.now(), 'v'))
}

test.each([200, 400, 404, 409, 500])('an error in an answer with HTTP %d is a refusal', async (status) => {
  const error = await failure(status, refusal('objectDoesNotExist', 'Volume "v" does not exist'))

  expect(error).toBeInstanceOf(StorPoolApiError)
  expect(error).toMatchObject({
    call: 'VolumeDelete',
    errorName: 'objectDoesNotExist',
    descr: 'Volume "v" does not exist',
    transient: false,
    httpStatus: status,
    message: 'VolumeDelete/v: objectDoesNotExist: Volume "v" does not exist',
  })
  expect(isRefusal(error)).toBe(true)
  expect(isRefusal(error, 'objectExists', 'objectDoesNotExist')).toBe(true)
  expect(isRefusal(error, 'objectExists')).toBe(false)
  expect(isAmbiguous(error)).toBe(false)
})

test('an error beside data is a refusal', async () => {
  const error = await failure(200, '{"generation":7,"data":{"ok":true},"error":{"name":"busy"}}')

  expect(error).toMatchObject({ errorName: 'busy', descr: '<no description>', transient: false })
})

test.each([
  ['HTML', 200, '<html><body>Service unavailable</body></html>', 'not JSON: 45 characters of text/html'],
  ['HTML of a proxy', 502, '<html>', 'not JSON: 6 characters of text/html'],
  ['an empty object', 200, '{}', 'an empty object'],
  ['nothing', 200, '', 'an empty answer'],
  ['no data', 200, '{"generation":3}', 'no `data`'],
  ['a list', 200, '[]', 'JSON that is no object'],
  ['a null', 200, 'null', 'JSON that is no object'],
  ['JSON that is cut short', 200, '{"generation":3,"data":{"ok"', 'not JSON: 28 characters'],
  ['data with another status', 500, ok(), 'no `error`'],
  ['an error that says nothing', 200, '{"error":"boom"}', '`error` that is no object'],
  ['an error of null beside data', 200, '{"error":null,"data":{"ok":true}}', '`error` that is no object'],
  ['an error of another shape', 500, '{"error":{"name":7}}', '`error` of another shape'],
  ['data that denies', 200, ok({ ok: false }), '`data` of another shape: data.ok'],
  ['data that is no object', 200, ok([1]), '`data` of another shape: data'],
])('%s instead of an answer is unreadable, in few words', async (_, status, body, words) => {
  const error = await failure(status, body, body.startsWith('<') ? 'text/html' : 'application/json')

  expect(error).toBeInstanceOf(StorPoolUnreadable)
  expect(error).toMatchObject({ call: 'VolumeDelete', httpStatus: status, mayHaveHappened: true })
  expect(String(error)).toContain(words)
  expect(String(error)).not.toContain('Service unavailable')
  expect(isAmbiguous(error)).toBe(true)
  expect(isRefusal(error)).toBe(false)
})

test.each([
  ['a page that says who may pass', 407, '<html>', false, 'VolumeBackendError'],
  ['an answer of another shape', 200, ok({}), false, 'VolumeBackendError'],
  ['a page', 502, '<html>', false, 'BackendUnavailable'],
  ['a page', 502, '<html>', true, 'OutcomeUnknown'],
])('what %s means to callers: HTTP %i, %j, mutates %j: %s', async (_, status, body, mutates, name) => {
  await using server = await serving((response) => response.writeHead(status).end(body))
  using storpool = client(server.port)
  const asking = mutates ? volumeDelete(storpool.now(500), 'v') : volumesList(storpool.now(500))

  expect(inDriversWords(await failing(asking))).toMatchObject({ name })
})

test('an unreadable answer to a read leaves nothing open', async () => {
  await using server = await serving((response) => response.end('{"error":7}'))
  using storpool = client(server.port)

  const error = await failing(volumeSummary(storpool.now(), 'v'))

  expect(error).toMatchObject({ name: 'StorPoolUnreadable', mayHaveHappened: false })
  expect(isAmbiguous(error)).toBe(false)
})

test.each([
  ['no volume', []],
  ['several', ['a', 'b'].map((name) => ({ name, globalId: 'a.b.c', size: 512 }))],
  ['an object', { name: 'a', globalId: 'a.b.c', size: 512 }],
])('%s where one volume was asked for is unreadable', async (_, data) => {
  await using server = await serving((response) => response.end(ok(data)))
  using storpool = client(server.port)

  await expect(volumeSummary(storpool.now(), 'v')).rejects.toMatchObject({ name: 'StorPoolUnreadable' })
})

test('what a newer server adds is no reason not to read it', async () => {
  const volume = {
    name: 'v',
    globalId: 'a.b.c',
    size: 512,
    tags: { a: 'b' },
    vagId: 7,
    news: { of: ['a', 'kind'] },
  }
  await using server = await serving((response) =>
    response.end(JSON.stringify({ data: [volume], generation: 2 ** 40, autoName: 'x' })),
  )
  using storpool = client(server.port)

  await expect(volumeSummary(storpool.now(), 'v')).resolves.toEqual(volume)
})

test('tags may come as an empty string', async () => {
  await using server = await serving((response) =>
    response.end(ok([{ name: 'v', globalId: 'a.b.c', size: 512, tags: '' }])),
  )
  using storpool = client(server.port)

  await expect(volumesList(storpool.now())).resolves.toMatchObject([{ tags: {} }])
})

test.each([
  ['a byte order mark', `\uFEFF${ok([])}`],
  ['blanks around it', ` \r\n${ok([])}\n`],
])('an answer with %s is read', async (_, body) => {
  await using server = await serving((response) => response.end(body))
  using storpool = client(server.port)

  await expect(volumesList(storpool.now())).resolves.toEqual([])
})

test('an answer that comes in pieces, or without a length, is read whole', async () => {
  const volumes = Array.from({ length: 2000 }, (_, n) => ({
    name: `ž${n}`,
    globalId: `a.b.v${n}`,
    size: 512,
  }))
  const bytes = Buffer.from(ok(volumes))
  await using server = await rawServing((socket) =>
    socket.once('data', () => {
      socket.write('HTTP/1.0 200 OK\r\n\r\n')
      for (let at = 0; at < bytes.length; at += 10_001) socket.write(bytes.subarray(at, at + 10_001))
      socket.end()
    }),
  )
  using storpool = client(server.port)

  await expect(volumesList(storpool.now())).resolves.toEqual(volumes)
})

test.each([
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['endless headers', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`],
])('%s is unreadable', async (_, said) => {
  await using server = await rawServing((socket) => socket.once('data', () => socket.write(said)))
  using storpool = client(server.port)

  const error = await failing(volumeDelete(storpool.now(), 'v'))

  expect(error).toMatchObject({ name: 'StorPoolUnreadable', httpStatus: 0, mayHaveHappened: true })
  expect(String(error)).toContain('not HTTP: HPE_')
})

test('an answer longer than 64 MiB is not read to its end', async () => {
  const chunk = Buffer.alloc(1024 ** 2, 32)
  let sent = 0
  await using server = await serving((response) => {
    const more = () => {
      while (!response.destroyed && sent < 200 && response.write(chunk)) sent += 1
    }
    response.on('drain', more)
    more()
  })
  using storpool = client(server.port)

  const error = await failing(volumesList(storpool.now(20_000)))

  expect(error).toMatchObject({ name: 'StorPoolUnreadable', httpStatus: 200 })
  expect(String(error)).toContain('too long')
  expect(sent).toBeLessThan(100)
})

test('an error is of bounded length, whatever the server wrote', async () => {
  const long = 'x'.repeat(100_000)
  const errors = [
    await failure(400, refusal(long, long)),
    await failure(200, JSON.stringify({ [long]: 1 })),
    await failure(200, ok({ ok: long, [long]: long })),
    await failure(200, '<html>', `text/${'x'.repeat(5000)}`),
  ]

  for (const error of errors) expect(inspect(error, { depth: Infinity }).length).toBeLessThan(5000)
})

test('a device that is open is known by the description, under either name', async () => {
  const words = "Volume 'os--volume-1' is open at client 7"

  expect(isOpenAt(await failure(409, refusal('busy', words)))).toBe(true)
  expect(isOpenAt(await failure(400, refusal('invalidParam', words)))).toBe(true)
  expect(isOpenAt(await failure(409, refusal('busy', 'volume is attached')))).toBe(false)
  expect(isOpenAt(await failure(404, refusal('objectDoesNotExist', words)))).toBe(false)
  expect(isOpenAt(new Error(words))).toBe(false)
})

test('a client without a block service is known by the description', async () => {
  expect(isNoSuchClient(await failure(400, refusal('invalidParam', 'No such client registered')))).toBe(true)
  expect(isNoSuchClient(await failure(400, refusal('invalidParam', 'bad size')))).toBe(false)
  expect(isNoSuchClient(await failure(500, refusal('other', 'No such client registered')))).toBe(false)
})

/** All of an error that anything could print: hidden members, causes, symbols, prototypes' getters. */
const everything = (error: unknown): string => {
  const own = error instanceof Error ? Object.getOwnPropertyNames(error) : []
  return [
    inspect(error, {
      depth: Infinity,
      showHidden: true,
      maxArrayLength: Infinity,
      maxStringLength: Infinity,
    }),
    JSON.stringify(error),
    JSON.stringify(error, own),
    String(error),
    error instanceof Error ? String(error.stack) : '',
  ].join('\n')
}

test('no error holds the token, and no log line does', async () => {
  const lines: unknown[] = []
  const options = { log: (line: unknown) => lines.push(line) }
  const echo = `you sent Authorization: Storpool v1:${TOKEN}`
  await using server = await serving((response, _, n) => {
    const said = [
      () => response.writeHead(400).end(refusal('invalidParam', echo)),
      () => response.writeHead(400).end(refusal(`bad-${TOKEN}`, echo)),
      () => response.writeHead(400, { 'content-type': `text/${TOKEN}` }).end(`<pre>${echo}`),
      () => response.end(JSON.stringify({ data: { ok: echo, [TOKEN]: TOKEN } })),
      () => response.end(JSON.stringify({ [TOKEN]: TOKEN })),
      () => response.writeHead(302, { location: `/${TOKEN}` }).end(),
      () => response.socket?.resetAndDestroy(),
      () => response.socket?.end(`${TOKEN}\r\n`),
      () => response.writeHead(200, { 'content-length': 1000 }).write(echo, () => response.socket?.destroy()),
      () => undefined,
    ]
    said[n]?.()
  })
  using storpool = client(server.port, options)
  using nowhere = client(1, options)
  const errors: unknown[] = []

  for (let n = 0; n < 10; n += 1) {
    errors.push(await failing(volumeCreate(storpool.now(n === 9 ? 100 : 5000), { name: 'v', size: 512 })))
  }
  errors.push(await failing(volumeDelete(nowhere.now(100), 'v')))
  errors.push(await failing(volumeDelete(nowhere.now(-1), 'v')))
  errors.push(await failing(nowhere.now().get('X', ['..'], z.unknown())))

  expect(errors).toHaveLength(13)
  for (const error of errors) {
    expect(error).toBeInstanceOf(Error)
    expect(everything(error)).not.toContain(TOKEN)
    expect(error).not.toHaveProperty('cause')
    expect(error).not.toHaveProperty('config')
    expect(error).not.toHaveProperty('request')
  }
  expect(lines).toHaveLength(12)
  expect(everything(lines)).not.toContain(TOKEN)
})

test.each(['', '12\n34', 'a b', '12\r\nX-Evil: 1', 'тайна'])(
  'a token of %j is refused at once, without a word of it',
  (token) => {
    const connecting = () => client(1, { token })
    expect(connecting).toThrow(TypeError)
    if (token !== '') expect(connecting).not.toThrow(token)
  },
)
