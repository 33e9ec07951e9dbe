import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

/** An OpenID Connect issuer: its discovery document, its keys, and tokens that it signs. */
export const startIssuer = async () => {
  const pairs = new Map<string, Awaited<ReturnType<typeof generateKeyPair>>>()
  const asked: string[] = []
  let document: (url: string) => object = (url) => ({ issuer: url, jwks_uri: `${url}/keys` })
  let failure: ((response: ServerResponse) => void) | undefined

  const keys = async () => ({
    keys: await Promise.all(
      [...pairs].map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid })),
    ),
  })
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (failure !== undefined) return failure(response)
    const say = (body: object) => response.end(JSON.stringify(body))
    if (request.url === '/.well-known/openid-configuration') return say(document(url))
    if (request.url === '/keys') return void keys().then(say)
    return response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    asked,
    async makeKey(kid: string, alg = 'ES256') {
      pairs.set(kid, await generateKeyPair(alg))
    },
    async sign(
      payload: JWTPayload,
      { kid = 'first', alg = 'ES256', ...header }: Record<string, string> = {},
    ) {
      const pair = pairs.get(kid) ?? (await generateKeyPair(alg))
      const now = Math.floor(Date.now() / 1000)
      const claims = { iss: url, aud: 'cinderless', sub: 'ada', exp: now + 300, ...payload }
      return new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(pair.privateKey)
    },
    say: (made: typeof document) => {
      document = made
    },
    failWith: (how?: typeof failure) => {
      failure = how
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      if (server.listening) await once(server.close(), 'close')
    },
  }
}
