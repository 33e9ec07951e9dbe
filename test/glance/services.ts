import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { connectGlance } from '../../lib/glance/client.ts'

export const id = 'b65cd2bc-4a34-44d6-9d90-592225153f00'
export const password = 'a-hidden-password'

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

export const say = (response: ServerResponse, status: number, body: unknown, headers = {}) =>
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(typeof body === 'string' ? body : JSON.stringify(body))

export const anImage = (changes: object = {}) => ({
  id,
  name: 'one',
  status: 'queued',
  disk_format: 'raw',
  ...changes,
})

interface Services {
  readonly glance?: Answer
  readonly keystone?: Answer
  readonly lifeMs?: number
  readonly region?: string
}

/**
 * A server that hands out tokens as Keystone does, and answers what Glance is asked as the test says: for what the real
 * ones do not do when asked.
 */
export const startServices = async ({ glance, keystone, lifeMs = 3_600_000, region = 'R' }: Services) => {
  const asked: { method: string; url: string; token: string | undefined; body: string }[] = []
  let issued = 0
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request)
    const { method = '', url = '' } = request
    asked.push({ method, url, token: request.headers['x-auth-token']?.toString(), body })
    if (url !== '/v3/auth/tokens') return glance?.(request, response, body)
    if (keystone !== undefined) return keystone(request, response, body)
    issued += 1
    const endpoints = [{ interface: 'public', region_id: region, url: own() }]
    const token = {
      expires_at: new Date(Date.now() + lifeMs).toISOString(),
      catalog: [{ type: 'image', endpoints }],
    }
    say(response, 201, { token }, { 'x-subject-token': `a-hidden-token-${issued}` })
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    asked,
    url: own(),
    connection: connectGlance({
      authUrl: `${own()}/v3/`,
      region: 'R',
      interface: 'public',
      identity: async () => ({
        username: 'u',
        password,
        userDomain: { id: 'default' },
        projectName: 'p',
        projectDomain: { name: 'Default' },
      }),
    }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}
