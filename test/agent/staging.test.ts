import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { chmod, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { CopyImage } from '../../lib/agent/tasks.ts'
import { ca, serve, startImageServer } from './image-server.ts'
import { startProgram } from './program.ts'
import {
  copyRequest,
  cutOff,
  ended,
  globalId,
  type Host,
  journalLine,
  MiB,
  makeHost,
  noise,
  sha256,
  soon,
  underWay,
  until,
} from './support.ts'

const isRoot = process.getuid?.() === 0
const content = noise(8 * MiB)
const digest = (algorithm: string) => createHash(algorithm).update(content).digest('hex')
const staged = (host: Host) => {
  try {
    return readdirSync(host.at('state/staging'))
  } catch {
    return []
  }
}

const mayFetch = async (host: Host, port: number) => {
  await writeFile(host.at('ca.pem'), ca)
  return { sources: { allow: ['127.0.0.0/8', '::1/128'], ports: [port], ca: host.at('ca.pem') } }
}

const fromServer = (port: number, path: string, changes: Partial<CopyImage> = {}): CopyImage =>
  copyRequest('', 'raw', 8 * MiB, {
    source: { kind: 'https', url: `https://localhost:${port}${path}` },
    ...changes,
  })

test('an image from a server becomes the volume; nothing of it stays, and its signature is written nowhere', async () => {
  await using host = await makeHost()
  await using server = await startImageServer((request, response) => {
    void serve(request, response, content, { tag: '"a"', pace: { bytes: MiB, ms: 20 } })
  })
  const { agent, client } = await host.start(await mayFetch(host, server.port))
  await using _ = agent
  const file = await host.attach(8 * MiB, { fill: 'x' })
  const request = fromServer(server.port, '/disk.raw?signature=secret', { sha256: digest('sha256') })

  await client.copyImage(request, soon())
  const fetching = await until(async () => {
    const task = await client.task({ id: 'request-1' }, soon())
    return task.phase === 'fetch' && staged(host).length > 0 ? task : undefined
  })
  expect(fetching).toMatchObject({ doneBytes: 0, totalBytes: 0 })
  expect(statSync(host.at('state/staging')).mode & 0o777).toBe(0o700)

  expect(await ended(client)).toMatchObject({ state: 'succeeded', fetchedBytes: 8 * MiB, doneBytes: 8 * MiB })
  expect(await sha256(file)).toBe(digest('sha256'))
  expect(staged(host)).toEqual([])
  expect(await client.copyImage(request, soon())).toMatchObject({ state: 'succeeded' })
  await agent.close()
  expect(readFileSync(host.at('state/journal.jsonl'), 'utf8')).not.toContain('secret')
})

test('a server on an address that is not public is refused unless allowed, and nothing is asked of it', async () => {
  await using host = await makeHost()
  await using server = await startImageServer((_, response) => void response.end(content))
  const { sources } = await mayFetch(host, server.port)
  const { agent, client } = await host.start({ sources: { ...sources, allow: [] } })
  await using _ = agent
  await host.attach(8 * MiB)

  await client.copyImage(fromServer(server.port, '/disk'), soon())

  expect(await ended(client)).toMatchObject({
    state: 'failed',
    error: { code: 'source_refused', message: expect.stringContaining('loopback'), retryable: false },
    result: { partlyWritten: false },
  })
  expect(server.asked).toEqual([])
})

test('an image with another digest is never written', async () => {
  await using host = await makeHost()
  await using server = await startImageServer((request, response) => void serve(request, response, content))
  const { agent, client } = await host.start(await mayFetch(host, server.port))
  await using _ = agent
  const file = await host.attach(8 * MiB, { fill: 'x' })
  const before = await sha256(file)
  const source = {
    kind: 'https' as const,
    url: `https://localhost:${server.port}/disk`,
    sha512: '0'.repeat(128),
  }

  await client.copyImage(fromServer(server.port, '/disk', { source }), soon())

  expect(await ended(client)).toMatchObject({
    error: { code: 'digest_mismatch' },
    result: { partlyWritten: false },
  })
  expect(await sha256(file)).toBe(before)
  expect(staged(host)).toEqual([])
})

test('an image that does not fit into the staging space is refused before it is fetched', async () => {
  await using host = await makeHost()
  const size = 2 ** 50
  await using server = await startImageServer(
    (_, response) => void response.writeHead(200, { 'content-length': size }).write('x'),
  )
  const { agent, client } = await host.start(await mayFetch(host, server.port))
  await using _ = agent

  const volume = { globalId, sizeBytes: size }
  await client.copyImage(fromServer(server.port, '/disk', { volume }), soon())

  expect(await ended(client)).toMatchObject({ error: { code: 'no_space', retryable: true } })
  expect(staged(host)).toEqual([])
})

test('a disk that fills up while an image is fetched: no_space, and what had come is removed', async () => {
  await using host = await makeHost()
  await using server = await startImageServer((_, response) => void response.writeHead(200).end(content))
  const changes = await mayFetch(host, server.port)
  // As on a full disk, for any file that grows beyond this.
  await using agent = await startProgram(host, { wrapper: ['prlimit', `--fsize=${4 * MiB}`], changes })
  await host.attach(8 * MiB)

  await agent.client.copyImage(fromServer(server.port, '/disk'), soon())

  expect(await ended(agent.client)).toMatchObject({
    error: { code: 'no_space' },
    result: { partlyWritten: false },
  })
  expect(staged(host)).toEqual([])
})

test('killed while it fetches and started again, it goes on with what is on the disk', {
  timeout: 60_000,
}, async () => {
  const large = noise(80 * MiB)
  await using host = await makeHost()
  let stall = true
  await using server = await startImageServer((request, response) => {
    if (stall) {
      response
        .writeHead(200, { 'content-length': large.length, etag: '"a"' })
        .write(large.subarray(0, 70 * MiB))
    } else void serve(request, response, large, { tag: '"a"' })
  })
  const changes = { ...(await mayFetch(host, server.port)), segmentBytes: 32 * MiB }
  const file = await host.attach(80 * MiB)
  const volume = { globalId, sizeBytes: 80 * MiB }
  {
    await using first = await startProgram(host, { changes })
    await first.client.copyImage(fromServer(server.port, '/disk', { volume }), soon())
    await until(() =>
      readFileSync(host.at('state/journal.jsonl'), 'utf8').includes('"staged"') ? true : undefined,
    )
  }
  stall = false

  await using second = await startProgram(host, { changes })
  expect(await ended(second.client)).toMatchObject({ ...cutOff, result: { partlyWritten: false } })
  await second.client.copyImage(fromServer(server.port, '/disk', { volume }), soon())
  expect(await ended(second.client)).toMatchObject({ state: 'succeeded' })
  expect((await readFile(file)).equals(large)).toBe(true)
  const [, from] = /^bytes=(\d+)-$/.exec(server.asked[1]?.range ?? '') ?? []
  expect(Number(from)).toBeGreaterThanOrEqual(64 * MiB)
})

test('a signed address is not kept over a restart: the task says interrupted, and the same request goes on', async () => {
  await using host = await makeHost()
  let stall = true
  await using server = await startImageServer((request, response) => {
    if (stall) response.writeHead(200, { 'content-length': content.length }).write('x')
    else void serve(request, response, content)
  })
  const changes = await mayFetch(host, server.port)
  const request = fromServer(server.port, '/disk?signature=secret')
  const file = await host.attach(8 * MiB)
  const first = await host.start(changes)
  await first.client.copyImage(request, soon())
  await until(() => (server.asked.length > 0 ? true : undefined))
  await first.agent.close()
  stall = false

  const { agent, client } = await host.start(changes)
  await using _ = agent
  expect(await ended(client)).toMatchObject(cutOff)

  const other = {
    ...request,
    source: { kind: 'https' as const, url: `https://localhost:${server.port}/disk?signature=other` },
  }
  await expect(client.copyImage(other, soon())).rejects.toMatchObject({ code: 'request_conflict' })
  await client.copyImage(request, soon())
  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect((await readFile(file)).equals(content)).toBe(true)
})

test('what a task has fetched that was cut off is kept for a day, unless it is cancelled', async () => {
  await using host = await makeHost()
  await using server = await startImageServer((_, response) => {
    response.writeHead(200, { 'content-length': content.length, etag: '"a"' }).write(content.subarray(0, MiB))
  })
  const changes = await mayFetch(host, server.port)
  const request = (number: number) =>
    fromServer(server.port, '/disk', {
      requestId: `request-${number}`,
      volume: { globalId: `a.b.${number}`, sizeBytes: 8 * MiB },
    })
  const first = await host.start(changes)
  for (const number of [1, 2]) await first.client.copyImage(request(number), soon())
  await until(() => (staged(host).length === 2 ? true : undefined))
  await first.agent.close()
  {
    const { agent, client } = await host.start(changes)
    await using _ = agent
    expect(staged(host)).toHaveLength(2)
    const cancelled = await client.cancelTask({ id: 'request-2' }, soon())
    expect(cancelled).toMatchObject({ state: 'cancelled', result: { partlyWritten: false } })
    expect(staged(host)).toHaveLength(1)
  }
  // As if that had been yesterday.
  const journal = host.at('state/journal.jsonl')
  const task = readFileSync(journal, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line.slice(9)))
    .findLast(({ t, id }) => t === 'task' && id === 'request-1')
  const updatedAt = new Date(Date.now() - 25 * 3600 * 1000).toISOString()
  appendFileSync(journal, journalLine({ ...task, updatedAt }))

  const { agent, client } = await host.start(changes)
  await using _ = agent
  expect(await ended(client)).toMatchObject({ state: 'failed', error: { code: 'deadline_passed' } })
  expect(staged(host)).toEqual([])
  const again = await client.copyImage(request(1), soon())
  expect(again).toMatchObject({ error: { code: 'deadline_passed' } })
})

test('what no task needs is removed from the staging folder at the start', async () => {
  await using host = await makeHost()
  mkdirSync(host.at('state/staging'))
  await writeFile(host.at('state/staging', 'a'.repeat(32)), 'over')
  await writeFile(host.at("state/staging/somebody else's"), 'here by mistake')

  const { agent } = await host.start()
  await using _ = agent

  expect(staged(host)).toEqual(["somebody else's"])
})

test.each<[string, (folder: string, host: Host) => Promise<unknown>]>([
  ['others may write to', async (folder) => chmod(folder, 0o777)],
  [
    'is a link to another',
    async (folder, host) => {
      await rm(folder, { recursive: true })
      await symlink(host.at('images'), folder)
    },
  ],
])('nothing is staged in a folder that %s', async (_, change) => {
  await using host = await makeHost()
  await using server = await startImageServer((request, response) => void serve(request, response, content))
  mkdirSync(host.at('state/staging'), { mode: 0o700 })
  const { agent, client } = await host.start(await mayFetch(host, server.port))
  await using __ = agent
  await host.attach(8 * MiB)
  await change(host.at('state/staging'), host)

  await client.copyImage(fromServer(server.port, '/disk'), soon())

  expect(await ended(client)).toMatchObject({
    error: { code: 'io_error', message: expect.stringContaining('chmod 0700') },
    result: { partlyWritten: false },
  })
  expect([server.asked, staged(host)]).toEqual([[], []])
})

test.runIf(isRoot)(
  'an image children may not read is not copied where it is too large for the volume',
  async () => {
    await using host = await makeHost()
    const { agent, client } = await host.start()
    await using _ = agent
    await host.attach(8 * MiB)
    const image = await host.image('closed', content)
    await chmod(image, 0o600)
    await truncate(image, 2 ** 43)

    await client.copyImage(copyRequest('closed', 'raw', 8 * MiB), soon())

    expect(await ended(client)).toMatchObject({ error: { code: 'image_too_large' } })
    expect(staged(host)).toEqual([])
  },
)

test.runIf(isRoot)('an image only its owner may read is copied by children who may not', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const file = await host.attach(8 * MiB)
  const image = await host.image('closed', content)
  await chmod(image, 0o600)

  await client.copyImage(copyRequest('closed', 'raw', 8 * MiB), soon())
  await underWay(client, 1)
  const [name = ''] = staged(host)
  const { mode, uid } = statSync(host.at('state/staging', name))
  expect({ mode: mode & 0o777, uid }).toEqual({ mode: 0o400, uid: 65_530 })

  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(await sha256(file)).toBe(digest('sha256'))
  expect(staged(host)).toEqual([])
  expect([statSync(image).uid, statSync(file).uid]).toEqual([0, 0])
})
