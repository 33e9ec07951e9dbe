import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Agent } from '../../agent/server.ts'
import { agentClient } from '../../lib/agent/client.ts'
import { copyRequest, type Host, MiB, makeHost, soon } from './support.ts'

interface Sent {
  readonly method?: string
  readonly body?: string
  readonly headers?: Record<string, string>
}

/** By hand, because the client never sends what these tests send. */
const send = async (url: string, path: string, { method = 'POST', body = '', headers = {} }: Sent) => {
  const sent = request(`${url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
  })
  sent.end(body)
  const [response] = await once(sent, 'response')
  const chunks = await response.toArray()
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) }
}

let host: Host
let agent: Agent
beforeAll(async () => {
  host = await makeHost()
  agent = (await host.start()).agent
})
afterAll(async () => {
  await agent.close()
  await host[Symbol.asyncDispose]()
})

const copy = JSON.stringify(copyRequest('disk', 'raw', MiB))

test.each<[string, string, Sent, number, string]>([
  ['an unknown operation', '/v1/destroy', { body: '{}' }, 404, 'not_found'],
  ['a name every object has', '/constructor', { body: '{}' }, 404, 'not_found'],
  ['a body that is not JSON', '/v1/copy-image', { body: '{' }, 400, 'bad_request'],
  [
    'another content type',
    '/v1/copy-image',
    { body: copy, headers: { 'content-type': 'text/plain' } },
    400,
    'bad_request',
  ],
  [
    'a page that reached loopback under its own name',
    '/v1/copy-image',
    { body: copy, headers: { host: 'evil.example' } },
    400,
    'bad_request',
  ],
  [
    'a body over 64 KiB',
    '/v1/copy-image',
    { body: JSON.stringify({ a: 'x'.repeat(65_536) }) },
    413,
    'too_large',
  ],
  ['an unknown field', '/v1/copy-image', { body: copy.replace('{', '{"shell":"rm",') }, 400, 'bad_request'],
  ['a path for a name', '/v1/copy-image', { body: copy.replace('"disk"', '"../disk"') }, 400, 'bad_request'],
  [
    'a path for a global id',
    '/v1/copy-image',
    { body: copy.replace('bzk.b.gj', '../../sda') },
    400,
    'bad_request',
  ],
  ['a size of 0', '/v1/copy-image', { body: copy.replace('1048576', '0') }, 400, 'bad_request'],
  [
    'a size of 2^60',
    '/v1/copy-image',
    { body: copy.replace('1048576', '1152921504606846976') },
    400,
    'bad_request',
  ],
  ['a wait longer than allowed', '/v1/tasks/none?wait=26', { method: 'GET' }, 400, 'bad_request'],
  ['another method', '/v1/release', { method: 'PUT', body: '{}' }, 404, 'not_found'],
  ['a question that is no question', '/v1/health', { body: '{}' }, 404, 'not_found'],
  ['an unknown task', '/v1/tasks/%2e%2e', { method: 'GET' }, 404, 'not_found'],
  ['a path that is no address', '//', { method: 'GET' }, 404, 'not_found'],
  [
    'an address that holds credentials',
    '/v1/copy-image',
    {
      body: JSON.stringify(
        copyRequest('', 'raw', MiB, {
          source: { kind: 'https', url: 'https://user:pass@images.example/disk' },
        }),
      ),
    },
    400,
    'bad_request',
  ],
  ['an odd escape', '/v1/tasks/%zz', { method: 'GET' }, 404, 'not_found'],
  [
    'deep nesting',
    '/v1/copy-image',
    { body: `${'['.repeat(20_000)}${']'.repeat(20_000)}` },
    400,
    'bad_request',
  ],
])('refuses %s', async (_, path, sent, status, code) => {
  const answer = await send(agent.url, path, sent)

  expect(answer).toMatchObject({
    status,
    body: { error: { code, retryable: false, message: expect.any(String) } },
  })
})

test('says who it is, and that it is well', async () => {
  const client = agentClient({ url: agent.url })

  expect(await client.health(soon())).toMatchObject({ host: 'alpha', clientId: 7, ok: true, missing: [] })
})

test('the client says that an agent is unreachable: refused, silent past the deadline, or something else', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  const page = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1')
  await Promise.all([once(silent, 'listening'), once(page, 'listening')])
  const urlOf = (server: typeof silent) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const closedUrl = urlOf(silent)

  const late = agentClient({ url: closedUrl }).health(Date.now() + 100)
  await expect(late).rejects.toMatchObject({
    name: 'AgentUnreachable',
    message: expect.stringContaining('deadline'),
  })
  const odd = agentClient({ url: urlOf(page) }).health(soon())
  await expect(odd).rejects.toMatchObject({ name: 'AgentUnreachable' })
  silent.closeAllConnections()
  silent.close()
  page.closeAllConnections()
  page.close()
  const refused = agentClient({ url: closedUrl }).health(soon())
  await expect(refused).rejects.toMatchObject({ name: 'AgentUnreachable' })
  const past = agentClient({ url: closedUrl }).health(Date.now() - 1)
  await expect(past).rejects.toMatchObject({ name: 'AgentUnreachable' })
})

test('the client goes on after the agent was started again', async () => {
  await using host = await makeHost()
  const first = await host.start()
  const { port } = first.agent
  await first.client.health(soon())
  await first.agent.close()

  const { agent } = await host.start({ listen: { address: '127.0.0.1', port } })
  await using _ = agent
  expect(await first.client.health(soon())).toMatchObject({ ok: true })
})
