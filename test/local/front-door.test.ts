import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { aFolder, type SystemProcess, startProcess } from '../support/system.ts'

const program = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const run = async (path: string, args: readonly string[], env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [program(path), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CINDERLESS_AUTH: '', ...env },
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, err }
}

const tokens = {
  'token-of-ada': { user: 'ada', project: 'p1', role: 'admin' },
  'token-of-eve': { user: 'eve', project: 'p1', role: 'reader' },
  'token-of-bob': { user: 'bob', project: 'p1', role: 'member' },
  'token-of-eye': { user: 'eye', project: '*', role: 'reader' },
}

let folder: Awaited<ReturnType<typeof aFolder>>
let system: SystemProcess
beforeAll(async () => {
  vi.stubEnv('CINDERLESS_AUTH', 'static')
  vi.stubEnv('AUTH_TOKENS', JSON.stringify(tokens))
  folder = await aFolder()
  // An address of this machine's that only asking for it by name opens.
  system = await startProcess(folder.path, ['--host', '127.0.0.2'])
}, 60_000)
afterAll(async () => {
  await system?.stop()
  await folder?.[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

const ask = async (token: string | undefined, path: string, body?: object) => {
  const response = await fetch(`${system.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { 'x-auth-token': token }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as any }
}
const volume = { volume: { id: 'checked', size: 1 } }

test('who shows nothing is refused in words, and told what to show', async () => {
  for (const path of ['/stats', '/jobs', '/health', '/hosts']) {
    const { status, headers, body } = await ask(undefined, path)
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Token realm="cinderless"'])
    expect(body.error).toMatchObject({ name: 'Unauthenticated', remedy: expect.any(String) })
    expect(body.error.requestId).toEqual(expect.any(String))
  }
  expect((await ask(undefined, '/driver/create_volume', volume)).status).toBe(401)
  expect((await ask('token-of-nobody', '/driver/create_volume', volume)).status).toBe(401)
})

test('who may only read changes nothing', async () => {
  for (const token of ['token-of-eve', 'token-of-bob', 'token-of-eye']) {
    const { status, body } = await ask(token, '/driver/create_volume', volume)
    expect(status).toBe(403)
    expect(body.error).toMatchObject({ name: 'Forbidden' })
    expect((await ask(token, '/stats')).status).toBe(200)
  }
  expect((await ask('token-of-ada', '/driver/delete_volume', volume)).status, 'it was never made').toBe(200)
})

test('an admin may, and the list of hosts is for who looks after all', async () => {
  expect((await ask('token-of-ada', '/driver/create_volume', volume)).status).toBe(200)
  expect((await ask('token-of-eve', '/hosts')).status).toBe(403)
  expect((await ask('token-of-eye', '/hosts')).status).toBe(200)
})

test("jobs of another project are not there for one project's reader", async () => {
  const input = { src_vref: { id: 'checked', size: 1 } }
  const submit = (project: string) =>
    ask('token-of-ada', '/jobs', {
      kind: 'clone-volume',
      project,
      input: { ...input, volume: { id: project, size: 1 } },
    })
  const [mine, theirs] = [await submit('p1'), await submit('p2')]
  expect([mine.status, theirs.status], JSON.stringify(mine.body)).toEqual([202, 202])

  const idsOf = async (token: string, query = '') =>
    (await ask(token, `/jobs${query}`)).body.jobs.map((job: { id: string }) => job.id)
  expect(await idsOf('token-of-eve')).toEqual([mine.body.id])
  expect(await idsOf('token-of-eve', '?project=p2')).toEqual([])
  expect(await idsOf('token-of-eye')).toEqual(expect.arrayContaining([mine.body.id, theirs.body.id]))
  expect((await ask('token-of-eve', `/jobs/${mine.body.id}`)).status).toBe(200)
  expect((await ask('token-of-eve', `/jobs/${theirs.body.id}`)).body.error.name).toBe('JobNotFound')
  expect((await ask('token-of-eve', `/jobs?marker=${theirs.body.id}`)).status).toBe(400)
  expect((await ask('token-of-bob', `/jobs/${mine.body.id}/cancel`, {})).status).toBe(403)
})

test('the same callers are known to Block Storage, in its own words', async () => {
  const create = (token: string | undefined, path: string) =>
    ask(token, path, { volume: { size: 1, name: 'v' } })
  const unknown = await create(undefined, '/v3/volumes')
  const { status, body } = await create('token-of-bob', '/v3/volumes')

  expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([401, 'Token realm="cinderless"'])
  expect(unknown.body.unauthorized).toMatchObject({ code: 401 })
  expect((await create('token-of-eve', '/v3/volumes')).body.forbidden).toMatchObject({ code: 403 })
  expect(status).toBe(202)
  expect((await ask('token-of-eve', `/v3/volumes/${body.volume.id}`)).status).toBe(200)
  expect((await ask('token-of-eye', `/v3/volumes/${body.volume.id}`)).status, 'which project').toBe(400)
  expect((await ask('token-of-eye', `/v3/abc/volumes/${body.volume.id}`)).status, "another's").toBe(404)
  expect((await create('token-of-bob', '/v3/abc/volumes')).status, "another's").toBe(400)
})

test('the program for jobs shows a token', async () => {
  const list = (env: Record<string, string>, ...more: string[]) =>
    run('cli/main.ts', ['list', '--url', system.url, ...more], env)
  const [shown, inEnvironment, none] = await Promise.all([
    list({}, '--token', 'token-of-eye'),
    list({ CINDERLESS_TOKEN: 'token-of-eye' }),
    list({ AWS_REGION: 'eu-central-1', CINDERLESS_TOKEN: 'wrong' }),
  ])

  expect([shown.code, inEnvironment.code], shown.err).toEqual([0, 0])
  expect(none.code).toBe(1)
  expect(none.err).toContain('--token')
})

test('no token is in a log', async () => {
  await ask('token-of-ada', '/driver/create_volume', { volume: { id: 'bad', size: 'x' } })

  expect(await readFile(`${folder.path}/log/functions.log`, 'utf8')).not.toContain('token-of-')
  expect(system.said.filter((line) => line.startsWith('curl ') && line.includes('$TOKEN'))).toHaveLength(3)
})

test.each([
  ['nothing that checks who calls', {}, 'nothing checks who calls'],
  ['callers who are believed', { CINDERLESS_AUTH: 'user:project' }, 'nothing checks who calls'],
  [
    'a check that is not configured',
    { CINDERLESS_AUTH: 'static', AUTH_TOKENS: '' },
    'AUTH_TOKENS is missing',
  ],
])('another address is not listened on with %s', async (_, env, words) => {
  await using other = await aFolder()
  const args = ['--port', '0', '--host', '127.0.0.2', '--no-images', '--state', other.path]

  const { code, out, err } = await run('local/main.ts', args, env)

  expect([code, out]).toEqual([1, ''])
  expect(err).toContain(words)
})
