import { afterEach, expect, test, vi } from 'vitest'
import { volumeDelete } from '../../lib/storpool/volumes.ts'
import { client, ok, rawServing, serving } from './servers.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** The wall clock moves on, as it does for a process that was frozen: no timer runs and no close is seen. */
const frozenFor = (ms: number) => {
  const at = Date.now() + ms
  vi.useFakeTimers({ toFake: ['Date'], now: at })
}

test('calls one after another share a connection', async () => {
  await using server = await serving()
  using storpool = client(server.port)

  for (let n = 0; n < 5; n += 1) await volumeDelete(storpool.now(), 'v')

  expect(server.connections()).toBe(1)
})

test('calls at once have a connection each, and those are used again', async () => {
  await using server = await serving()
  using storpool = client(server.port)

  for (let n = 0; n < 3; n += 1) {
    await Promise.all(['a', 'b', 'c'].map((name) => volumeDelete(storpool.now(), name)))
  }

  expect(server.seen).toHaveLength(9)
  expect(server.connections()).toBe(3)
})

test('a connection that was idle for four seconds and more is not used again', async () => {
  await using server = await serving()
  using storpool = client(server.port)
  await volumeDelete(storpool.now(), 'v')

  frozenFor(4001)
  await volumeDelete(storpool.now(), 'v')

  expect(server.seen.map(({ conn }) => conn)).toEqual([0, 1])
})

test('one that was idle for less is', async () => {
  await using server = await serving()
  using storpool = client(server.port)
  await volumeDelete(storpool.now(), 'v')

  frozenFor(3500)
  await volumeDelete(storpool.now(), 'v')

  expect(server.seen.map(({ conn }) => conn)).toEqual([0, 0])
})

test('idleness counts from the end of the last call, not from the first', async () => {
  await using server = await serving()
  using storpool = client(server.port)

  for (let n = 0; n < 4; n += 1) {
    await volumeDelete(storpool.now(), 'v')
    frozenFor(3000)
  }

  expect(server.connections()).toBe(1)
})

test('a clock that was set back makes no connection look fresh', async () => {
  await using server = await serving()
  using storpool = client(server.port)
  await volumeDelete(storpool.now(), 'v')

  frozenFor(-60_000)
  await volumeDelete(storpool.now(), 'v')

  expect(server.seen.map(({ conn }) => conn)).toEqual([0, 1])
})

test('of several idle connections the stale ones go and the fresh ones stay', async () => {
  await using server = await serving()
  using storpool = client(server.port)
  await Promise.all(['a', 'b', 'c'].map((name) => volumeDelete(storpool.now(), name)))
  frozenFor(3000)
  await volumeDelete(storpool.now(), 'd')
  const kept = server.seen[3]?.conn

  frozenFor(3000)
  await Promise.all(['e', 'f'].map((name) => volumeDelete(storpool.now(), name)))

  const conns = server.seen.slice(4).map(({ conn }) => conn)
  expect(conns).toContain(kept)
  expect(conns).toContain(3)
})

test('a server that closes each connection is no obstacle', async () => {
  await using server = await serving((response) => response.writeHead(200, { connection: 'close' }).end(ok()))
  using storpool = client(server.port)

  for (let n = 0; n < 5; n += 1) await volumeDelete(storpool.now(), 'v')

  expect(server.connections()).toBe(5)
})

test('nor is one that speaks HTTP/1.0 and ends its answer by closing', async () => {
  await using server = await rawServing((socket) =>
    socket.once('data', () => socket.end(`HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${ok()}`)),
  )
  using storpool = client(server.port)

  for (let n = 0; n < 5; n += 1) await volumeDelete(storpool.now(), 'v')

  expect(server.connections()).toBe(5)
})

test('what a server says of how long it keeps connections is believed', async () => {
  await using server = await serving((response) =>
    response.writeHead(200, { 'keep-alive': 'timeout=1' }).end(ok()),
  )
  using storpool = client(server.port)

  await volumeDelete(storpool.now(), 'v')
  await volumeDelete(storpool.now(), 'v')

  expect(server.connections()).toBe(2)
})

test('a closed connection keeps nothing', async () => {
  await using server = await serving()
  const storpool = client(server.port)
  await volumeDelete(storpool.now(), 'v')

  storpool.close()
  await vi.waitFor(() => expect(server.open()).toBe(0))
})
