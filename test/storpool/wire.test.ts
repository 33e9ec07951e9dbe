import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { volumesReassignWait } from '../../lib/storpool/attachments.ts'
import { bytesOf } from '../../lib/storpool/body.ts'
import { encodePart } from '../../lib/storpool/path.ts'
import { VolumeName } from '../../lib/storpool/schema/values.ts'
import { snapshotUpdate, volumeListSnapshots } from '../../lib/storpool/snapshots.ts'
import { volumeCreate, volumeDelete, volumesList, volumeUpdate } from '../../lib/storpool/volumes.ts'
import { client, failing, ok, serving, TOKEN } from './servers.ts'

const anything = z.unknown()

test('a read is a GET with the token in its one header and no body', async () => {
  await using server = await serving((response) => response.end(ok([])))
  using storpool = client(server.port)

  await volumesList(storpool.now())

  expect(server.seen).toMatchObject([{ method: 'GET', url: '/ctrl/1.0/MultiCluster/VolumesList', body: '' }])
  expect(server.seen[0]?.headers).toEqual({
    accept: 'application/json',
    'accept-encoding': 'identity',
    authorization: `Storpool v1:${TOKEN}`,
    connection: 'keep-alive',
    host: `127.0.0.1:${server.port}`,
    'user-agent': 'cinderless',
  })
})

test('a change is a POST of JSON that says its length', async () => {
  await using server = await serving()
  using storpool = client(server.port)

  await volumeCreate(storpool.now(), { name: 'ů', size: 512 })

  expect(server.seen).toMatchObject([
    {
      method: 'POST',
      url: '/ctrl/1.0/MultiCluster/VolumeCreate',
      headers: { 'content-type': 'application/json', 'content-length': '24' },
      body: '{"name":"ů","size":512}',
    },
  ])
})

test('a change without a body sends none, and says so', async () => {
  await using server = await serving()
  using storpool = client(server.port)

  await volumeDelete(storpool.now(), '~bzk.b.gj')

  expect(server.seen).toMatchObject([{ url: '/ctrl/1.0/MultiCluster/VolumeDelete/~bzk.b.gj', body: '' }])
  expect(server.seen[0]?.headers['content-length']).toBe('0')
  expect(server.seen[0]?.headers).not.toHaveProperty('transfer-encoding')
  expect(server.seen[0]?.headers).not.toHaveProperty('content-type')
})

test('an empty object or list is a body', async () => {
  await using server = await serving()
  using storpool = client(server.port)

  await storpool.now().post('X', [], {}, anything)
  await storpool.now().post('X', [], [], anything)

  expect(server.seen.map(({ body }) => body)).toEqual(['{}', '[]'])
})

test('nulls and undefined members never reach the wire', async () => {
  await using server = await serving()
  using storpool = client(server.port)

  await volumeUpdate(storpool.now(), 'v', { template: undefined, tags: { a: '' }, size: 512 })
  await storpool.now().post('X', [], { a: null, b: [1, null, { c: null, d: 0 }], e: { f: null } }, anything)

  expect(server.seen.map(({ body }) => body)).toEqual([
    '{"tags":{"a":""},"size":512}',
    '{"b":[1,{"d":0}],"e":{}}',
  ])
})

test('of any JSON, what is sent is all but the nulls', () => {
  const withoutNulls = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_, member) => {
      if (member === null) return undefined
      return Array.isArray(member) ? member.filter((element) => element !== undefined) : member
    })
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
      const sent = JSON.parse(bytesOf(body).toString())
      expect(sent).toEqual(withoutNulls(body) ?? {})
      expect(JSON.stringify(sent)).not.toMatch(/null(?=[,\]}])(?<!")/)
    }),
  )
})

test('a path part goes over the wire so that it comes back, with the characters of names as they are', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.stringMatching(/^[#*~]?[A-Za-z0-9_\-.:@]{1,199}$/),
  )
  fc.assert(
    fc.property(
      part.filter((text) => text !== '.' && text !== '..'),
      (text) => {
        const encoded = encodePart(text)
        expect(decodeURIComponent(encoded)).toBe(text)
        expect(encoded).toMatch(/^(?:[A-Za-z0-9~*@:.\-_!'()]|%[0-9A-F]{2})+$/)
        if (/^[A-Za-z0-9~*@:.\-_]+$/.test(text)) expect(encoded).toBe(text)
      },
    ),
  )
})

test.each([
  ['#sys', '%23sys'],
  ['*gone', '*gone'],
  ['vol@12', 'vol@12'],
  ['~a.b.c', '~a.b.c'],
  ['a:b-c_d.e', 'a:b-c_d.e'],
  ['a/b', 'a%2Fb'],
  ['a?b', 'a%3Fb'],
  ['..a', '..a'],
  ['100%', '100%25'],
  ['...', '...'],
])('%s is asked for as %s', async (name, written) => {
  await using server = await serving()
  using storpool = client(server.port)

  await volumeDelete(storpool.now(), name)

  expect(server.seen[0]?.url).toBe(`/ctrl/1.0/MultiCluster/VolumeDelete/${written}`)
})

test.each(['', '.', '..'])(
  'a name of %j is refused before the wire: it would be another path',
  async (name) => {
    await using server = await serving()
    using storpool = client(server.port)

    const error = await failing(volumeDelete(storpool.now(), name))

    expect(error).toBeInstanceOf(TypeError)
    expect(server.connections()).toBe(0)
  },
)

test('legal volume names all reach the server whole', async () => {
  await using server = await serving()
  using storpool = client(server.port)
  const names = fc
    .sample(fc.stringMatching(/^#?[A-Za-z0-9_\-.:]{1,40}$/), 50)
    .filter((name) => VolumeName.safeParse(name).success && !['.', '..'].includes(name))

  for (const name of names) await volumeDelete(storpool.now(), name)

  const asked = server.seen.map(({ url }) => decodeURIComponent(url.split('/').slice(5).join('/')))
  expect(asked).toEqual(names)
})

test('a query that knows one cluster only is never asked of several', async () => {
  await using server = await serving((response, { method }) => response.end(method === 'GET' ? ok([]) : ok()))
  using storpool = client(server.port)

  await snapshotUpdate(storpool.now(), 's', { bind: true })
  await volumeListSnapshots(storpool.now(), 'v')

  expect(server.seen.map(({ url }) => url)).toEqual([
    '/ctrl/1.0/SnapshotUpdate/s',
    '/ctrl/1.0/VolumeListSnapshots/v',
  ])
})

test('a client told so speaks to a single cluster', async () => {
  await using server = await serving()
  using storpool = client(server.port, { multiCluster: false })

  await volumeDelete(storpool.now(), 'v')

  expect(server.seen[0]?.url).toBe('/ctrl/1.0/VolumeDelete/v')
})

test('a client of another cluster has every call forwarded there, a call by itself too', async () => {
  await using server = await serving()
  using storpool = client(server.port)
  using remote = client(server.port, { cluster: 'Sofia-1' })
  using plain = client(server.port, { cluster: '~b1.c', multiCluster: false })

  await volumeDelete(remote.now(), 'v')
  await snapshotUpdate(remote.now(), 's', { bind: true })
  await volumeDelete(plain.now(), 'v')
  await snapshotUpdate(storpool.now(), 's', { bind: true }, { cluster: '~b1.c' })
  await snapshotUpdate(remote.now(), 's', { bind: true }, { cluster: 'Plovdiv' })

  expect(server.seen.map(({ url }) => url)).toEqual([
    '/ctrl/1.0/RemoteCommand/Sofia-1/MultiCluster/VolumeDelete/v',
    '/ctrl/1.0/RemoteCommand/Sofia-1/SnapshotUpdate/s',
    '/ctrl/1.0/RemoteCommand/~b1.c/VolumeDelete/v',
    '/ctrl/1.0/RemoteCommand/~b1.c/SnapshotUpdate/s',
    '/ctrl/1.0/RemoteCommand/Plovdiv/SnapshotUpdate/s',
  ])
})

test('a redirect is not followed: the token goes nowhere else', async () => {
  await using elsewhere = await serving()
  await using server = await serving((response) =>
    response.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/` }).end(),
  )
  using storpool = client(server.port)

  const error = await failing(volumeDelete(storpool.now(), 'v'))

  expect(error).toMatchObject({ name: 'StorPoolUnreadable', httpStatus: 307 })
  expect(elsewhere.connections()).toBe(0)
})

test('proxies of the environment are not used: settings are read in one place', async () => {
  await using other = await serving()
  await using server = await serving()
  using storpool = client(server.port)

  for (const proxy of [`http://127.0.0.1:${other.port}`, 'no URL']) {
    for (const name of ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']) vi.stubEnv(name, proxy)
    await volumeDelete(storpool.now(), 'v')
  }
  vi.unstubAllEnvs()

  expect(other.connections()).toBe(0)
  expect(server.seen).toHaveLength(2)
})

test('a wait for hosts ends before the deadline does, unless the caller says how long it may be', async () => {
  await using server = await serving()
  using storpool = client(server.port)
  const reassign = [{ volume: 'v', rw: [1] }]

  await volumesReassignWait(storpool.now(60_000), { reassign })
  await volumesReassignWait(storpool.now(6_500), { reassign })
  await volumesReassignWait(storpool.now(500), { reassign })
  await volumesReassignWait(storpool.now(500), { reassign, attachTimeout: 0 })

  expect(server.seen.map(({ body }) => JSON.parse(body).attachTimeout)).toEqual([10, 4, 1, 0])
})

test('a log line tells of each call: which, how long, which try, how it ended', async () => {
  const lines: unknown[] = []
  await using server = await serving((response, _, n) => {
    if (n === 0) response.end('{"error":{"name":"later","transient":true}}')
    else if (n === 1) response.end(ok())
    else if (n === 2) response.end('{"error":{"name":"busy"}}')
    else if (n === 3) response.end('<html>')
    else response.socket?.resetAndDestroy()
  })
  using storpool = client(server.port, { log: (line) => lines.push(JSON.parse(JSON.stringify(line))) })

  await volumeDelete(storpool.now(), 'v')
  for (let n = 0; n < 3; n += 1) await failing(volumeDelete(storpool.now(), 'v'))

  const ms = expect.any(Number)
  expect(lines).toEqual([
    { call: 'VolumeDelete', ms, attempt: 2, outcome: 'ok' },
    { call: 'VolumeDelete', ms, attempt: 1, outcome: 'refused', reason: 'busy' },
    { call: 'VolumeDelete', ms, attempt: 1, outcome: 'unreadable' },
    { call: 'VolumeDelete', ms, attempt: 1, outcome: 'unreachable', reason: 'broken' },
  ])
})
