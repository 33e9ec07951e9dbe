import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Agent } from '../../agent/server.ts'
import { agentClient } from '../../lib/agent/client.ts'
import type { ReadCredentials } from '../../lib/agent/credentials.ts'
import { authority, inDays, shows, tlsFiles } from './certificates.ts'
import { attachment, clientId, copyRequest, type Host, MiB, makeHost, soon, until } from './support.ts'

const ca = authority()
const shown = (name: string, from?: Date, until?: Date) => shows(ca, ca.client([name], from, until))

let host: Host
let agent: Agent
beforeAll(async () => {
  host = await makeHost()
  agent = (await host.start({ tls: tlsFiles(host.at('tls'), ca).files })).agent
})
afterAll(async () => {
  await agent.close()
  await host[Symbol.asyncDispose]()
})

const to = (credentials: ReadCredentials, { url } = agent, name = 'alpha') =>
  agentClient({ url, host: name, credentials })

const unauthenticated = { name: 'AgentError', code: 'unauthenticated', status: 401, retryable: false }

/** What came of each operation that needs a role, and of the questions. */
const allowed = async (credentials: ReadCredentials) => {
  const client = to(credentials)
  const volume = { globalId: 'zzz.b.c' }
  const body = { clientId, volume, attachment: attachment() }
  const tried = {
    attachWait: () =>
      client.attachWait({ ...body, volume: { ...volume, sizeBytes: 512 }, mode: 'rw', waitMs: 0 }, soon()),
    detachCheck: () => client.detachCheck({ clientId, volume }, soon()),
    size: () => client.size({ clientId, volume }, soon()),
    release: () => client.release(body, soon()),
    copyImage: () => client.copyImage(copyRequest('none', 'raw', MiB, { clientId: 9 }), soon()),
    cancelTask: () => client.cancelTask({ id: 'none' }, soon()),
    health: () => client.health(soon()),
    tasks: () => client.tasks(soon()),
    task: () => client.task({ id: 'none' }, soon()),
  }
  const may: string[] = []
  for (const [name, call] of Object.entries(tried)) {
    const code = await call().then(
      () => 'done',
      (error: { code?: string }) => error.code,
    )
    expect(code).toBeTypeOf('string')
    if (code !== 'forbidden') may.push(name)
  }
  client.close()
  return may
}

const questions = ['health', 'tasks', 'task']
const attaching = ['attachWait', 'detachCheck', 'size', 'release']
test.each([
  ['attach.cinderless', [...attaching, ...questions]],
  ['data.cinderless', [...attaching, 'copyImage', 'cancelTask', ...questions]],
  ['read.cinderless', questions],
  ['nobody.cinderless', []],
  // What the list names is a whole name, not a pattern that a certificate may widen.
  ['*.cinderless', []],
])('%s may ask for what its role says, and no more', async (name, may) => {
  expect(await allowed(shown(name))).toEqual(may)
})

test.each<[string, () => ReadCredentials]>([
  ['has expired', () => shown('data.cinderless', inDays(-2), inDays(-1))],
  ['is not good yet', () => shown('data.cinderless', inDays(1), inDays(2))],
  ['is of another authority', () => shows(ca, authority('Others').client(['data.cinderless']))],
  ['is of another authority of the same name', () => shows(ca, authority().client(['data.cinderless']))],
  ["is a server's", () => shows(ca, ca.server(['data.cinderless']))],
])('a client whose certificate %s is told that it is not let in', async (_, credentials) => {
  const client = to(credentials())

  await expect(client.health(soon())).rejects.toMatchObject(unauthenticated)
  const copying = client.copyImage(copyRequest('none', 'raw', MiB), soon())
  await expect(copying).rejects.toMatchObject(unauthenticated)
  client.close()
})

const raw = async (options: ConnectionOptions) => {
  const { port } = agent
  const socket = connect({ port, host: '127.0.0.1', servername: 'alpha', ca: ca.cert, ...options })
  await once(socket, 'secureConnect')
  socket.write('GET /v1/health HTTP/1.1\r\nhost: alpha\r\n\r\n')
  const [answer] = await once(socket, 'data')
  return { socket, answer: String(answer) }
}

test('a client without a certificate is told that one is required', async () => {
  const { socket, answer } = await raw({})

  expect(answer).toMatch(/^HTTP\/1\.1 401 .*"unauthenticated".*required/s)
  socket.destroy()
})

test('speaks TLS 1.3 and nothing older', async () => {
  const pair = ca.client(['read.cinderless'])
  await expect(raw({ ...pair, maxVersion: 'TLSv1.2' })).rejects.toMatchObject({
    code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  })
  const { socket } = await raw(pair)
  expect(socket.getProtocol()).toBe('TLSv1.3')
  socket.destroy()
})

test('silence keeps nobody out: neither connections without a word nor handshakes without a certificate', async () => {
  const { port } = agent
  const { socket: kept } = await raw(ca.client(['read.cinderless']))
  const silent = Array.from({ length: 300 }, (_, index) =>
    index % 2 === 0
      ? connectTcp(port, '127.0.0.1')
      : connect({ port, host: '127.0.0.1', servername: 'alpha', ca: ca.cert }),
  )
  for (const socket of silent) socket.on('error', () => {})
  await until(() => (silent.filter(({ closed }) => closed).length >= 100 ? true : undefined))

  const client = to(shown('read.cinderless'))
  expect(await client.health(soon())).toMatchObject({ ok: true })
  kept.write('GET /v1/health HTTP/1.1\r\nhost: alpha\r\n\r\n')
  const [answer] = await once(kept, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /)
  for (const socket of [kept, ...silent]) socket.destroy()
  client.close()
})

test('takes up no session: the certificate is looked at on every connection', async () => {
  const pair = ca.client(['read.cinderless'])
  const { socket } = await raw(pair)
  const session = socket.getSession()
  socket.destroy()

  const again = await raw({ ...pair, ...(session && { session }) })

  expect(again.socket.isSessionReused()).toBe(false)
  again.socket.destroy()
})

test.each<[string, () => Parameters<typeof tlsFiles>[2]]>([
  ['of another host', () => ca.server(['beta'])],
  ['of another authority', () => authority('Others').server(['alpha'])],
  ['that has expired', () => ca.server(['alpha'], inDays(-2), inDays(-1))],
  ["of a client's", () => ca.client(['alpha'])],
])('the client asks nothing of an agent with a certificate %s', async (_, pair) => {
  await using other = await makeHost()
  const { agent } = await other.start({ tls: tlsFiles(other.at('tls'), ca, pair()).files })
  await using __ = agent

  const asked = to(shown('data.cinderless'), agent).health(soon())

  await expect(asked).rejects.toMatchObject({
    name: 'AgentUnreachable',
    message: expect.stringContaining('believed'),
  })
})

test('certificates replaced while it runs are used without a restart, and old clients are let in no more', async () => {
  await using other = await makeHost()
  const { files, write } = tlsFiles(other.at('tls'), ca)
  const { agent } = await other.start({ tls: files })
  await using _ = agent
  const before = to(shown('read.cinderless'), agent)
  await before.health(soon())
  const next = authority('The next')
  const after = to(shows(next, next.client(['read.cinderless'])), agent)
  await expect(after.health(soon())).rejects.toMatchObject({ name: 'AgentUnreachable' })

  // Half of a pair: the old one goes on.
  const server = next.server(['alpha'])
  writeFileSync(files.cert, server.cert)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  await before.health(soon())
  write(next.cert, server)

  await until(() => after.health(soon()).catch(() => undefined))
  await expect(before.health(soon())).rejects.toMatchObject({ name: 'AgentUnreachable' })
})

test('both authorities are believed while one follows the other', async () => {
  await using other = await makeHost()
  const next = authority('The next')
  const { files, write } = tlsFiles(other.at('tls'), ca)
  write(`${ca.cert}${next.cert}`, ca.server(['alpha']))
  const { agent } = await other.start({ tls: files })
  await using _ = agent

  expect(await to(shown('read.cinderless'), agent).health(soon())).toMatchObject({ ok: true })
  const { cert, key } = next.client(['read.cinderless'])
  const both = async () => ({ ca: `${next.cert}${ca.cert}`, cert, key })
  expect(await to(both, agent).health(soon())).toMatchObject({ ok: true })
})

test('the client reads its credentials again when they are refused', async () => {
  const old = ca.client(['read.cinderless'], inDays(-2), inDays(-1))
  let pair = old
  const client = to(() => shows(ca, pair)())
  await expect(client.health(soon())).rejects.toMatchObject(unauthenticated)

  pair = ca.client(['read.cinderless'])

  expect(await client.health(soon())).toMatchObject({ ok: true })
  client.close()
})

test('a certificate that runs out on a kept connection is let in no more', async () => {
  const client = to(shown('read.cinderless', inDays(-1), new Date(Date.now() + 2000)))
  await client.health(soon())

  await until(() =>
    client.health(soon()).then(
      () => undefined,
      (error: unknown) => error,
    ),
  ).then((error) => expect(error).toMatchObject(unauthenticated))
  client.close()
})

test('does not start with a key that is not of the certificate', async () => {
  await using other = await makeHost()
  const { files } = tlsFiles(other.at('tls'), ca, { ...ca.server(['alpha']), key: ca.client(['x']).key })

  await expect(other.start({ tls: files })).rejects.toMatchObject({
    name: 'CannotStart',
    message: expect.stringContaining('certs'),
  })
})
