import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { StorPoolUnreachable } from '../../lib/storpool/errors.ts'
import { volumeDelete, volumeSummary } from '../../lib/storpool/volumes.ts'
import { blackHole, client, failing, ok, rawServing, serving } from './servers.ts'

const anything = z.unknown()

test('a deadline that has passed ends a call without a connection, and nothing happened', async () => {
  await using server = await serving()
  using storpool = client(server.port)

  const error = await failing(volumeDelete(storpool.now(-1), 'v'))

  expect(error).toBeInstanceOf(StorPoolUnreachable)
  expect(error).toMatchObject({ reason: 'deadline', mayHaveHappened: false, call: 'VolumeDelete' })
  expect(server.connections()).toBe(0)
})

test('a deadline that is no number ends a call as one that has passed', async () => {
  await using server = await serving()
  using storpool = client(server.port)

  const error = await failing(volumeDelete(storpool.within(Number.NaN), 'v'))

  expect(error).toMatchObject({ reason: 'deadline' })
})

test('a deadline without end is one', async () => {
  await using server = await serving()
  using storpool = client(server.port)

  const storpoolForever = storpool.within(Number.POSITIVE_INFINITY)

  await expect(
    storpoolForever.post('X', [], undefined, anything, { timeoutMs: Infinity }),
  ).resolves.toBeDefined()
})

test('a connection nobody takes is given up after two seconds, with nothing written', async () => {
  await using hole = await blackHole()
  using storpool = client(hole.port)
  using _longestDelay = vi.spyOn(Math, 'random').mockReturnValue(1)

  const error = await failing(volumeDelete(storpool.now(2150), 'v'))

  expect(error).toMatchObject({ reason: 'connect', mayHaveHappened: false })
  expect(String(error)).toContain('no connection within 2000 ms')
})

test('a connection nobody takes does not outlast a nearer deadline', async () => {
  await using hole = await blackHole()
  using storpool = client(hole.port)

  const error = await failing(volumeDelete(storpool.now(200), 'v'))

  expect(error).toMatchObject({ reason: 'connect', mayHaveHappened: false })
})

test('a server that never answers a change leaves its outcome open at the deadline', async () => {
  await using server = await serving(() => {})
  using storpool = client(server.port)

  const error = await failing(volumeDelete(storpool.now(200), 'v'))

  expect(error).toMatchObject({ reason: 'silent', mayHaveHappened: true })
  expect(server.seen).toHaveLength(1)
})

test('a server that never answers a read leaves nothing open', async () => {
  await using server = await serving(() => {})
  using storpool = client(server.port)

  const error = await failing(volumeSummary(storpool.now(200), 'v'))

  expect(error).toMatchObject({ reason: 'silent', mayHaveHappened: false })
})

test('a call may be given less time than the deadline leaves', async () => {
  await using server = await serving(() => {})
  using storpool = client(server.port)

  const error = await failing(storpool.now(20_000).post('X', [], {}, anything, { timeoutMs: 100 }))

  expect(String(error)).toContain('no answer within 100 ms')
})

test('an answer that trickles in does not hold a call past its deadline', async () => {
  const trickling: NodeJS.Timeout[] = []
  await using server = await rawServing((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{')
    trickling.push(setInterval(() => socket.writable && socket.write(' '), 20))
  })
  using storpool = client(server.port)

  const error = await failing(volumeDelete(storpool.now(250), 'v'))
  trickling.forEach(clearInterval)

  expect(error).toMatchObject({ reason: 'silent', mayHaveHappened: true })
})

test('a call given up leaves the connection to nobody', async () => {
  await using server = await serving((response, _, n) => n > 0 && response.end(ok()))
  using storpool = client(server.port)
  await failing(volumeDelete(storpool.now(100), 'v'))

  await volumeDelete(storpool.now(), 'v')

  expect(server.seen.map(({ conn }) => conn)).toEqual([0, 1])
})
