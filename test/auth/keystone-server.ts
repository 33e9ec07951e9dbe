import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { keystoneTokens } from '../../lib/auth/keystone.ts'
import { keystone } from '../../lib/glance/keystone.ts'

export interface Issued {
  readonly user: string
  readonly project?: string
  readonly roles: readonly string[]
  /** Epoch milliseconds. */
  readonly expiresAt?: number
}

const password = 'a-hidden-password'
const hourMs = 3_600_000

/**
 * Answers as Keystone does where tokens are issued and looked at: 401 to who does not show a good token of its own, 404
 * where the token asked about is not good. For what a real one does not do when asked, such as to fail.
 */
export const startKeystone = async () => {
  const tokens = new Map<string, Issued>()
  const asked: { method: string; query: string; subject: string | undefined }[] = []
  let issued = 0
  let answerWith: ((response: ServerResponse) => void) | undefined
  let taken = password

  const say = (response: ServerResponse, status: number, body: object, headers = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  const refuse = (response: ServerResponse, code: number) => say(response, code, { error: { code } })
  const isGood = (token: string | undefined, late = false) => {
    const found = tokens.get(token ?? '')
    return found !== undefined && (late || (found.expiresAt ?? Number.POSITIVE_INFINITY) > Date.now())
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '', 'http://keystone')
    const subject = request.headers['x-subject-token']?.toString()
    asked.push({ method: request.method ?? '', query: url.search, subject })
    if (answerWith !== undefined) return answerWith(response)
    if (url.pathname !== '/v3/auth/tokens') return refuse(response, 404)
    if (request.method === 'POST') {
      const { auth } = JSON.parse(await text(request))
      if (auth.identity.password.user.password !== taken) return refuse(response, 401)
      issued += 1
      const token = `own-${issued}`
      tokens.set(token, { user: 'block', project: 'service', roles: ['service'] })
      const expires_at = new Date(Date.now() + hourMs).toISOString()
      return say(response, 201, { token: { expires_at, catalog: [] } }, { 'x-subject-token': token })
    }
    if (!isGood(request.headers['x-auth-token']?.toString())) return refuse(response, 401)
    if (!isGood(subject, url.searchParams.get('allow_expired') === '1')) return refuse(response, 404)
    const { user, project, roles, expiresAt = Date.now() + hourMs } = tokens.get(subject ?? '') as Issued
    return say(response, 200, {
      token: {
        methods: ['password'],
        user: { id: user, name: `name of ${user}`, domain: { id: 'default', name: 'Default' } },
        ...(project !== undefined && { project: { id: project, name: 'p', domain: { id: 'default' } } }),
        roles: roles.map((name) => ({ id: `id of ${name}`, name })),
        expires_at: new Date(expiresAt).toISOString(),
        issued_at: new Date().toISOString(),
      },
    })
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    asked,
    /** Tokens as they were issued: one taken out was revoked. */
    tokens,
    /** How often it was asked about a token. */
    looks: () => asked.filter(({ method }) => method === 'GET').length,
    failWith: (how?: (response: ServerResponse) => void) => {
      answerWith = how
    },
    changePassword: () => {
      taken = 'another'
    },
    plugin: () =>
      keystoneTokens({
        authUrl: `${url}/v3/`,
        own: keystone({
          authUrl: `${url}/v3/`,
          region: undefined,
          interface: 'public',
          identity: async () => ({
            ...{ username: 'block', password, projectName: 'service' },
            ...{ userDomain: { id: 'default' }, projectDomain: { id: 'default' } },
          }),
        }),
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      if (server.listening) await once(server.close(), 'close')
    },
  }
}
