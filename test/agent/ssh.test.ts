import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Agent } from '../../agent/server.ts'
import { agentClient } from '../../lib/agent/client.ts'
import { fingerprint, sshKey, startSshServer } from './ssh-server.ts'
import { attachment, clientId, copyRequest, type Host, MiB, makeHost, soon } from './support.ts'

const [attaching, moving, stranger] = [sshKey(), sshKey(), sshKey()]

let host: Host
let agent: Agent
let ssh: Awaited<ReturnType<typeof startSshServer>>
const socket = () => host.at('rpc.sock')
const forced = (...roles: string[]) => [
  process.execPath,
  'agent/main.ts',
  'rpc',
  '--socket',
  socket(),
  '--roles',
  roles.join(),
]
beforeAll(async () => {
  host = await makeHost()
  agent = (await host.start({ socket: socket() })).agent
  ssh = await startSshServer(
    new Map([
      [attaching.public, forced('attach')],
      [moving.public, forced('attach', 'data')],
    ]),
  )
})
afterAll(async () => {
  await ssh[Symbol.asyncDispose]()
  await agent.close()
  await host[Symbol.asyncDispose]()
})

const over = (key: { private: string }, url = ssh.url()) =>
  agentClient({ url, credentials: async () => ({ sshKey: key.private }) })

test('the socket is for its owner alone', () => {
  expect(statSync(socket()).mode & 0o777).toBe(0o600)
})

test('answers and refuses over SSH as over HTTP', async () => {
  const [here, there] = [over(moving), agentClient({ url: agent.url })]
  const body = { clientId, volume: { globalId: 'zzz.b.c' }, attachment: attachment() }
  const calls = [
    (client: typeof here) => client.health(soon()),
    (client: typeof here) => client.release(body, soon()),
    (client: typeof here) => client.task({ id: 'none' }, soon()),
    (client: typeof here) => client.copyImage(copyRequest('none', 'raw', MiB, { clientId: 9 }), soon()),
    (client: typeof here) =>
      client.copyImage({ ...copyRequest('none', 'raw', MiB), requestId: '../x' }, soon()),
  ]
  for (const call of calls) {
    const [mine, its] = await Promise.allSettled([call(here), call(there)])
    expect(mine).toEqual(its)
  }
  here.close()
  there.close()
})

test('a key may do what its forced command says, whatever its owner wants to run', async () => {
  const client = over(attaching)

  const copying = client.copyImage(copyRequest('none', 'raw', MiB), soon())

  await expect(copying).rejects.toMatchObject({ name: 'AgentError', code: 'forbidden', status: 403 })
  expect(ssh.wanted.at(-1)).toBe('agentctl rpc')
  client.close()
})

test('calls share one connection, several at a time', async () => {
  const client = over(attaching)
  const before = ssh.connections()
  await client.health(soon())

  await Promise.all([client.health(soon()), client.health(soon()), client.health(soon())])

  expect(ssh.connections() - before).toBe(1)
  client.close()
})

test.each<[string, () => string, RegExp]>([
  ['is another one', () => ssh.url(fingerprint(stranger.public)), /host key|verif/i],
  ['is not pinned', () => ssh.url().replace(/\?.*/, ''), /hostkey=SHA256/],
  ['is no fingerprint', () => ssh.url('SHA256:abc'), /hostkey=SHA256/],
])('nothing is sent to a host whose key %s', async (_, url, message) => {
  const before = ssh.wanted.length

  const asked = over(attaching, url()).health(soon())

  await expect(asked).rejects.toMatchObject({
    name: 'AgentUnreachable',
    message: expect.stringMatching(message),
  })
  expect(ssh.wanted).toHaveLength(before)
})

test('one of two pinned keys is enough, so that a host may change its own', async () => {
  const client = over(attaching, `${ssh.url()}&hostkey=${fingerprint(stranger.public)}`)

  expect(await client.health(soon())).toMatchObject({ host: 'alpha' })
  client.close()
})

test('a key nobody let in gets nowhere', async () => {
  const asked = over(stranger).health(soon())

  await expect(asked).rejects.toMatchObject({
    name: 'AgentUnreachable',
    message: expect.stringMatching(/auth/i),
  })
})

test('a host that does not answer is given up at the deadline', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const url = `ssh://agent@127.0.0.1:${port}?hostkey=${fingerprint(stranger.public)}`

  await expect(over(attaching, url).health(Date.now() + 200)).rejects.toMatchObject({
    name: 'AgentUnreachable',
  })
  silent.close()
})

/** The program by itself, as sshd would run it. */
const rpc = async (input: string, { roles = 'read', at = socket() } = {}) => {
  const run = spawn(process.execPath, ['agent/main.ts', 'rpc', '--socket', at, '--roles', roles], {
    env: { ...process.env, SSH_ORIGINAL_COMMAND: 'sh -c "echo taken over"' },
  })
  run.stdin.on('error', () => {}).end(input)
  const [out, err, [code]] = await Promise.all([
    run.stdout.toArray(),
    run.stderr.toArray(),
    once(run, 'close'),
  ])
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}

test('rpc answers one line with one line', async () => {
  const { code, out } = await rpc('{"operation":"health"}\n')

  expect(code).toBe(0)
  expect(out.split('\n')).toEqual([expect.stringContaining('"status":200'), ''])
})

/** Two lines on the socket, as rpc writes them, and the answer. */
const onSocket = async (request: string, introduction: object = { name: 'test', roles: ['read'] }) => {
  const socket = connect(host.at('rpc.sock'))
  socket.write(`${JSON.stringify(introduction)}\n${request}\n`)
  return JSON.parse(Buffer.concat(await socket.toArray()).toString())
}

const error = (status: number, code: string) => ({ status, body: { error: { code } } })
test.each<[string, string, object]>([
  ['no JSON', 'health', error(400, 'bad_request')],
  ['no operation', '{}', error(400, 'bad_request')],
  ['an unknown operation', '{"operation":"constructor"}', error(404, 'not_found')],
  ['another field', '{"operation":"health","roles":["data"]}', error(400, 'bad_request')],
  ['what the roles do not allow', '{"operation":"copy-image"}', error(403, 'forbidden')],
  ['more than 64 KiB', JSON.stringify({ operation: 'x'.repeat(70_000) }), error(413, 'too_large')],
])('the agent refuses %s on its socket', async (_, request, answer) => {
  expect(await onSocket(request)).toMatchObject(answer)
})

test.each([{ name: 'x', roles: ['root'] }, { name: 'x', roles: [] }, { name: 'x' }, { roles: ['data'] }])(
  'the agent refuses who is introduced as %j',
  async (introduction) => {
    expect(await onSocket('{"operation":"health"}', introduction)).toMatchObject(error(400, 'bad_request'))
  },
)

test.each<[string, string, { roles?: string; at?: string }, string]>([
  ['a line without an end', '{"operation":"health"}', {}, 'one line'],
  ['more than 64 KiB', `${'x'.repeat(70_000)}\n`, {}, 'one line'],
  ['a socket nobody listens on', '{"operation":"health"}\n', { at: '/nonexistent/sock' }, 'does not listen'],
])('rpc fails on %s, and says so', async (_, input, options, message) => {
  const { code, out, err } = await rpc(input, options)

  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain(message)
})
