import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { StorPoolApiError, StorPoolUnreachable } from '../../lib/storpool/errors.ts'
import { delayAfter } from '../../lib/storpool/retry.ts'
import { volumeCreate, volumeDelete, volumeSummary } from '../../lib/storpool/volumes.ts'
import { client, failing, ok, rawServing, refusal, serving } from './servers.ts'

const volume = { name: 'v', globalId: 'a.b.c', size: 512 }
const transient = refusal('busyNow', 'failover', true)

describe('with no delay between tries', () => {
  beforeEach(() => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('a refusal StorPool calls transient is tried again, with the very same bytes', async () => {
    await using server = await serving((response, _, n) =>
      n < 3 ? response.writeHead(500).end(transient) : response.end(ok()),
    )
    using storpool = client(server.port)

    await volumeCreate(storpool.now(), { name: 'v', size: 512, tags: { note: 'žluťoučký "kůň"' } })

    const [first, ...others] = server.seen
    expect(others).toEqual([first, first, first])
    expect(first?.body).toBe('{"name":"v","size":512,"tags":{"note":"žluťoučký \\"kůň\\""}}')
  })

  test('a transient refusal at HTTP 200 is one too', async () => {
    await using server = await serving((response, _, n) => response.end(n < 1 ? transient : ok()))
    using storpool = client(server.port)

    await volumeDelete(storpool.now(), 'v')

    expect(server.seen).toHaveLength(2)
  })

  test('any other refusal is final', async () => {
    await using server = await serving((response) => response.writeHead(409).end(refusal('objectExists')))
    using storpool = client(server.port)

    await failing(volumeCreate(storpool.now(), { name: 'v', size: 512 }))

    expect(server.seen).toHaveLength(1)
  })

  test('the sixth try is the last, and its failure is the answer', async () => {
    await using server = await serving((response, _, n) =>
      response.writeHead(503).end(refusal(`try${n + 1}`, 'failover', true)),
    )
    using storpool = client(server.port)

    const error = await failing(volumeDelete(storpool.now(), 'v'))

    expect(error).toBeInstanceOf(StorPoolApiError)
    expect(error).toMatchObject({ errorName: 'try6', transient: true, httpStatus: 503 })
    expect(server.seen).toHaveLength(6)
  })

  test('a connection that was cut after a change was written is not tried again', async () => {
    await using server = await serving((response) => response.socket?.resetAndDestroy())
    using storpool = client(server.port)

    const error = await failing(volumeDelete(storpool.now(), 'v'))

    expect(error).toBeInstanceOf(StorPoolUnreachable)
    expect(error).toMatchObject({ reason: 'broken', mayHaveHappened: true, call: 'VolumeDelete' })
    expect(String(error)).toContain('it may have been carried out')
    expect(server.seen).toHaveLength(1)
  })

  test('nor is one that was closed, in the middle of the answer or before it', async () => {
    for (const said of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"generation":1,']) {
      let connections = 0
      await using server = await rawServing((socket) => {
        connections += 1
        socket.once('data', () => socket.end(said))
      })
      using storpool = client(server.port)

      const error = await failing(volumeDelete(storpool.now(), 'v'))

      expect(error).toMatchObject({ reason: 'broken', mayHaveHappened: true })
      expect(connections).toBe(1)
    }
  })

  test('nor is a change whose kept connection turns out to be dead', async () => {
    await using server = await serving((response, _, n) =>
      n === 0 ? response.end(ok([volume])) : response.socket?.resetAndDestroy(),
    )
    using storpool = client(server.port)
    await volumeSummary(storpool.now(), 'v')

    const error = await failing(volumeDelete(storpool.now(), 'v'))

    expect(error).toMatchObject({ reason: 'broken', mayHaveHappened: true })
    expect(server.seen.map(({ conn }) => conn)).toEqual([0, 0])
  })

  test('a read that was cut off is tried again', async () => {
    await using server = await serving((response, _, n) =>
      n < 2 ? response.socket?.resetAndDestroy() : response.end(ok([volume])),
    )
    using storpool = client(server.port)

    await expect(volumeSummary(storpool.now(), 'v')).resolves.toEqual(volume)

    expect(server.seen).toHaveLength(3)
  })

  test.each([
    [200, '<html>'],
    [502, '<html>'],
    [503, ''],
  ])(
    'HTTP %i with %j in the place of something read is a page of a proxy: it is read again',
    async (status, body) => {
      await using server = await serving((response, _, n) =>
        n < 2 ? response.writeHead(status).end(body) : response.end(ok([volume])),
      )
      using storpool = client(server.port)

      await expect(volumeSummary(storpool.now(), 'v')).resolves.toEqual(volume)

      expect(server.seen).toHaveLength(3)
    },
  )

  test.each([
    ['a change that a page answers', 200, '<html>', volumeDelete],
    ['a read that a proxy refuses', 407, '<html>', volumeSummary],
    ['a read of another shape', 200, ok({}), volumeSummary],
  ])('%s is not asked for again: HTTP %i, %j', async (_, status, body, asking) => {
    await using server = await serving((response) => response.writeHead(status).end(body))
    using storpool = client(server.port)

    const error = await failing(asking(storpool.now(), 'v'))

    expect(error).toMatchObject({ name: 'StorPoolUnreadable', httpStatus: status })
    expect(server.seen).toHaveLength(1)
  })

  test.each([
    ['a refused connection', '127.0.0.1'],
    ['a name that does not resolve', 'no..host'],
  ])('%s carried nothing, and is tried six times', async (_, host) => {
    await using server = await serving()
    const { port } = server
    await server[Symbol.asyncDispose]()
    const attempts: number[] = []
    using storpool = client(port, { host, log: ({ attempt }) => attempts.push(attempt) })

    const error = await failing(volumeDelete(storpool.now(), 'v'))

    expect(error).toMatchObject({ reason: 'connect', mayHaveHappened: false })
    expect(attempts).toEqual([6])
  })
})

test('a server that comes up in the meantime gets the change', async () => {
  const { port } = await serving().then(async (gone) => {
    await gone[Symbol.asyncDispose]()
    return gone
  })
  using storpool = client(port)

  const deleted = volumeDelete(storpool.now(15_000), 'v')
  await sleep(50)
  const server = http.createServer((_, response) => response.end(ok()))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))

  await expect(deleted).resolves.toMatchObject({ ok: true })
  server.close()
  storpool.close()
})

test('delays double from 0.2 s to 5 s at most, each anywhere between none and all of it', () => {
  using _most = vi.spyOn(Math, 'random').mockReturnValue(1)

  expect([0, 1, 2, 3, 4, 5, 6].map(delayAfter)).toEqual([200, 400, 800, 1600, 3200, 5000, 5000])
})

test('no try begins after the deadline: the last failure is thrown without waiting for it', async () => {
  using _longest = vi.spyOn(Math, 'random').mockReturnValue(1)
  await using server = await serving((response) => response.end(transient))
  using storpool = client(server.port)
  const deadline = Date.now() + 500

  const error = await failing(volumeDelete(storpool.within(deadline), 'v'))

  expect(error).toMatchObject({ errorName: 'busyNow' })
  expect(Date.now()).toBeLessThan(deadline)
  expect(server.seen).toHaveLength(2)
})
