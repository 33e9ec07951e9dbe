import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Cluster } from '../../local/cluster.ts'
import { startSystem } from '../../local/system.ts'
import { eventually, temporaryFolder } from './harness.ts'

const root = fileURLToPath(new URL('fixtures/project', import.meta.url))

const cluster = async (): Promise<Cluster> => ({
  environment: { CLUSTER: 'a test' },
  simulator: 'http://127.0.0.1:9',
  missing: [],
  close: async () => undefined,
})

const start = (state: string, options = {}) => startSystem({ root, state, cluster, port: 0, ...options })

const read = async (url: string, id: string) => (await fetch(`${url}/things/${id}`)).text()

test('a request goes through queue, starter and durable function to the table, over a stop and a start', async () => {
  await using folder = await temporaryFolder()
  const before = process.env.AWS_ENDPOINT_URL_SQS
  const first = await start(folder.path)
  expect((await fetch(`${first.url}/things/one`, { method: 'POST' })).status).toBe(202)
  await eventually(async () => (await read(first.url, 'one')) === 'begun')
  await first.close()
  expect(process.env.AWS_ENDPOINT_URL_SQS).toBe(before)
  await expect(fetch(first.url)).rejects.toThrow()

  await using second = await start(folder.path)
  await eventually(async () => (await read(second.url, 'one')) === 'done in a test')
  await second.scheduler.runNow('tick')
  expect(await read(second.url, 'tick')).toBe('ticked')

  const log = await readFile(second.log, 'utf8')
  expect(log).toContain('reading one\n')
  expect(log).toMatch(/"message":"request","method":"POST","path":"\/things\/one","status":202/)
  expect(await second.functions.load()).toEqual([
    { key: 'broken', reason: expect.stringContaining('not-there') },
  ])
  expect((await fetch(`${second.url}/broken`)).status).toBe(500)
})

test('a stop lets a request under way end', async () => {
  await using folder = await temporaryFolder()
  const system = await start(folder.path)
  const answer = fetch(`${system.url}/slow`).then((response) => response.text())
  await eventually(() => system.functions.running > 0)
  await Promise.all([system.close(), system.close()])

  expect(await answer).toBe('slept')
})

test('a folder is used by one system at a time, and the other is told by whom', async () => {
  await using folder = await temporaryFolder()
  await using first = await start(folder.path)

  await expect(start(folder.path)).rejects.toThrow(
    `${folder.path} is in use by process ${process.pid}, at ${first.url}. Stop that one`,
  )
  await expect(start(folder.path, { fresh: true })).rejects.toThrow('is in use by')
})

test('a port in use, and an address others can reach, are said in words and leave nothing behind', async () => {
  await using folder = await temporaryFolder()
  await using other = createServer().listen(0, '127.0.0.1')
  await eventually(() => other.listening)
  const { port } = other.address() as { port: number }

  await expect(start(folder.path, { port })).rejects.toThrow(`Port ${port} is in use. Stop what uses it`)
  await expect(start(folder.path, { host: '0.0.0.0' })).rejects.toThrow(
    '0.0.0.0 is not an address of this machine',
  )
  await (await start(folder.path)).close()
})

test('--fresh forgets a state, and touches nothing that is not one', async () => {
  await using folder = await temporaryFolder()
  const [ours, other] = [`${folder.path}/ours`, `${folder.path}/other`]
  const first = await start(ours)
  await first.scheduler.runNow('tick')
  await first.close()
  await mkdir(other)
  await writeFile(`${other}/thesis.txt`, 'precious')

  const fresh = await start(ours, { fresh: true })
  expect(await read(fresh.url, 'tick')).toBe('nothing')
  await fresh.close()
  await expect(start(other, { fresh: true })).rejects.toThrow('holds something else than a Cinderless state')
  await expect(start(other)).rejects.toThrow('is left alone')
  expect(await readFile(`${other}/thesis.txt`, 'utf8')).toBe('precious')
})

test.each([
  [
    'of another version',
    'cinderless.json',
    '{"what":"Cinderless state","version":99}',
    'written by another version',
  ],
  [
    'with a damaged file of executions',
    'durable.db',
    'no database at all, but long enough',
    'begin anew with --fresh',
  ],
  [
    'with a damaged queue',
    'queue/fauxqs.db',
    'no database at all, but long enough',
    'begin anew with --fresh',
  ],
  ['with a damaged table', 'table/CURRENT', 'no', 'begin anew with --fresh'],
])('a state %s is refused with the remedy, which works', async (_, file, text, message) => {
  await using folder = await temporaryFolder()
  await (await start(folder.path)).close()
  await writeFile(`${folder.path}/${file}`, text)

  await expect(start(folder.path)).rejects.toMatchObject({
    name: 'CannotStart',
    message: expect.stringContaining(message),
  })
  await (await start(folder.path, { fresh: true })).close()
})

test('a folder that cannot be made is said in words', async () => {
  await using folder = await temporaryFolder()
  await writeFile(`${folder.path}/file`, '')

  await expect(start(`${folder.path}/file/state`)).rejects.toThrow('Make it writable, or give another folder')
  expect(existsSync(`${folder.path}/file/state`)).toBe(false)
})
