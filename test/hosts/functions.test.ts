import type { Context } from 'aws-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Functions, startFunctions } from '../support/functions.ts'
import { aContext, anHttpEvent, nameOf } from '../support/makers.ts'
import { healthCallsTo, startAgentOf } from './support.ts'

type Agent = Awaited<ReturnType<typeof startAgentOf>>

const agents = new AsyncDisposableStack()
let functions: Functions
let agent: Record<'learned' | 'typed' | 'named' | 'heard' | 'changing', Agent>

beforeAll(async () => {
  functions = await startFunctions('driver')
  const { simulator } = functions.cluster
  const start = async (host: string, clientId: number) =>
    agents.use(await startAgentOf(host, clientId, { devices: simulator.devicesOf(clientId) }))
  agent = {
    learned: await start('learned', 1),
    typed: await start('typed', 4),
    named: await start('somebody', 2),
    heard: await start('heard', 5),
    changing: await startAgentOf('changing', 6),
  }
  // Read when a function first runs.
  process.env.HOSTS = JSON.stringify({
    learned: { agent: agent.learned.url },
    typed: { clientId: 3, agent: agent.typed.url },
    named: { agent: agent.named.url },
    heard: { agent: agent.heard.url },
    changing: { agent: agent.changing.url },
    away: { clientId: 7, agent: 'http://127.0.0.1:9' },
    plain: { clientId: 2 },
  })
  for (const id of Object.values(ids)) await functions.invoke('create_volume', { volume: { id, size: 1 } })
})
afterAll(async () => {
  await agent?.changing.close()
  await agents[Symbol.asyncDispose]()
  await functions?.[Symbol.asyncDispose]()
})

const ids = { one: 'one', two: 'two' }
const on = (host: string, id = ids.one) => ({ volume: { id }, connector: { host } })
const handlerOf = async (file: 'scheduled/ask-hosts' | 'status/hosts') => {
  const module = await import(new URL(`../../functions/${file}.ts`, import.meta.url).href)
  return module.handler as (event: unknown, context: Context) => Promise<any>
}
const askHosts = async () => (await handlerOf('scheduled/ask-hosts'))({}, aContext('ask-hosts'))
const listed = async (name: string) => {
  const answer = await (await handlerOf('status/hosts'))(anHttpEvent('GET', '/hosts'), aContext('get-hosts'))
  expect(answer.statusCode).toBe(200)
  return JSON.parse(answer.body).hosts.find((host: { name: string }) => host.name === name)
}
const nothingAttached = () => expect(functions.cluster.simulator.attachments).toEqual([])
const bookIsEmpty = async (id: string) => {
  const { backend, simulator } = functions.cluster
  const globalId = simulator.volumes.get(nameOf(id))?.globalId ?? ''
  expect((await backend.attachments.read(globalId)).attachments).toEqual({})
}

test('attach_volume learns the client id from the host’s agent, and asks it once for many operations', async () => {
  using calls = healthCallsTo(agent.learned.url)

  for (const id of Object.values(ids)) {
    const { conn, device } = (await functions.invoke('attach_volume', on('learned', id))) as any
    expect(conn.data.client_id).toBe(1)
    expect(device.path).toContain(functions.cluster.simulator.devicesOf(1))
  }
  for (const id of Object.values(ids)) await functions.invoke('detach_volume', on('learned', id))

  expect(calls.count).toBe(1)
  nothingAttached()
  expect(await listed('learned')).toMatchObject({ clientId: 1, wrong: [] })
})

test.each([
  ['whose agent says another client id', 'typed', 'client 4, and not client 3 by the configuration'],
  ['at whose address another host answers', 'named', 'host somebody, client 2, and not host named'],
])('a host %s gets nothing attached, by no operation', async (_, host, words) => {
  const { status, body } = await functions.post('attach_volume', on(host))

  expect([status, body.error.name]).toEqual([400, 'UnknownHost'])
  expect(body.error.message).toContain(words)
  expect(body.error.remedy).toContain('orrect')
  await expect(functions.invoke('initialize_connection', on(host))).rejects.toMatchObject({
    name: 'UnknownHost',
    message: expect.stringContaining(words),
  })
  nothingAttached()
  await bookIsEmpty(ids.one)
  expect((await listed(host)).wrong).toEqual([expect.stringContaining(words)])
})

test('a host whose agent is away gets nothing attached that the agent is to see to', async () => {
  await expect(functions.invoke('attach_volume', on('away'))).rejects.toMatchObject({
    name: 'BackendUnavailable',
    message: expect.stringContaining('http://127.0.0.1:9'),
  })

  nothingAttached()
  await bookIsEmpty(ids.one)
})

test('a connection to a host that was not heard yet waits for it to be asked', async () => {
  await expect(functions.invoke('initialize_connection', on('heard'))).rejects.toMatchObject({
    name: 'HostNotReady',
    message: expect.stringContaining('the client id of host heard is not known'),
  })
  await expect(functions.invoke('validate_connector', { connector: { host: 'heard' } })).resolves.toEqual({})

  await expect(askHosts()).rejects.toThrow('agents answer as other hosts or clients than typed, named')

  const { data } = (await functions.invoke('initialize_connection', on('heard'))) as any
  expect(data.client_id).toBe(5)
  await functions.invoke('terminate_connection', on('heard'))
  nothingAttached()
  expect(await listed('away')).toMatchObject({
    clientId: 7,
    seenAt: null,
    wrong: [expect.stringContaining('did not answer')],
  })
})

test('an agent that changes who it is, is refused from the next asking on, and taken again when it is itself', async () => {
  await askHosts().catch(() => 'others are wrong too')
  const { port } = agent.changing
  await agent.changing.close()

  agent.changing = await startAgentOf('changing', 8, { port })
  await askHosts().catch(() => 'and this one')
  for (const method of ['initialize_connection', 'attach_volume']) {
    await expect(functions.invoke(method, on('changing'))).rejects.toMatchObject({
      name: 'UnknownHost',
      message: expect.stringContaining('client 8, and not client 6 by what it said before'),
    })
  }
  nothingAttached()
  await agent.changing.close()

  const devices = functions.cluster.simulator.devicesOf(6)
  agent.changing = await startAgentOf('changing', 6, { port, devices })
  const { conn } = (await functions.invoke('attach_volume', on('changing'))) as any
  expect(conn.data.client_id).toBe(6)
  await functions.invoke('detach_volume', on('changing'))
})

test('a host without an agent is what the configuration says', async () => {
  const { data } = (await functions.invoke('initialize_connection', on('plain'))) as any

  expect(data.client_id).toBe(2)
  await functions.invoke('terminate_connection', on('plain'))
  expect(await listed('plain')).toMatchObject({ clientId: 2, agent: null, wrong: [] })
})

test('a host that nobody named is unknown, and the answer says which are there', async () => {
  await expect(functions.invoke('attach_volume', on('nobody'))).rejects.toMatchObject({
    name: 'UnknownHost',
    message: 'host nobody is not known',
    remedy: expect.stringContaining('learned, typed, named'),
  })
})
