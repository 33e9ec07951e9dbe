import { SignJWT, UnsecuredJWT } from 'jose'
import { expect, test } from 'vitest'
import { oidc } from '../../lib/auth/oidc.ts'
import { startIssuer } from './issuer.ts'

const soon = () => Date.now() + 5_000
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const claims = { user: 'sub', project: 'project_id', roles: 'roles' }
const ofAda = { project_id: 'p1', roles: ['member', 'other'] }

const start = async (more: object = {}) => {
  const issuer = await startIssuer()
  await issuer.makeKey('first')
  const check = oidc({ issuer: issuer.url, audience: 'cinderless', claims: { ...claims, ...more } })
  return { issuer, check, [Symbol.asyncDispose]: () => issuer[Symbol.asyncDispose]() }
}

test('a signed token says who calls, as a bearer token or where OpenStack has tokens', async () => {
  await using place = await start()
  const { issuer, check } = place
  const token = await issuer.sign(ofAda)
  const ada = { user: 'ada', project: 'p1', role: 'member', isService: false }

  expect(await check.authenticate(bearer(token), soon())).toEqual(ada)
  expect(await check.authenticate({ headers: { 'x-auth-token': token } }, soon())).toEqual(ada)
  expect(issuer.asked, 'keys are kept').toEqual(['/.well-known/openid-configuration', '/keys'])
})

test.each(['RS256', 'PS384', 'ES512'])('a signature of %s is as good', async (alg) => {
  await using place = await start()
  await place.issuer.makeKey(alg, alg)

  const token = await place.issuer.sign(ofAda, { kid: alg, alg })

  expect(await place.check.authenticate(bearer(token), soon())).toMatchObject({ user: 'ada' })
})

test.each<[string, object]>([
  ['of another issuer', { iss: 'https://elsewhere.example' }],
  ['meant for somebody else', { aud: 'glance' }],
  ['that has expired', { exp: Math.floor(Date.now() / 1000) - 60 }],
  ['that never expires', { exp: undefined }],
  ['that is not good yet', { nbf: Math.floor(Date.now() / 1000) + 600 }],
])('a token %s is nobody', async (_, change) => {
  await using place = await start()

  const token = await place.issuer.sign({ ...ofAda, ...change })

  expect(await place.check.authenticate(bearer(token), soon())).toBeUndefined()
})

test('nobody signs for the issuer', async () => {
  await using place = await start()
  const { issuer, check } = place
  const good = await issuer.sign(ofAda)
  const [head, , signature] = good.split('.')
  const body = Buffer.from(
    JSON.stringify({ ...ofAda, iss: issuer.url, aud: 'cinderless', sub: 'eve', exp: 9e9 }),
  )
  const shared = new SignJWT({ ...ofAda, iss: issuer.url, aud: 'cinderless', sub: 'eve', exp: 9e9 })
  const forged = [
    `${head}.${body.toString('base64url')}.${signature}`,
    await issuer.sign(ofAda, { kid: 'unknown' }),
    await shared.setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(Buffer.alloc(32)),
    new UnsecuredJWT({ ...ofAda, iss: issuer.url, aud: 'cinderless', exp: 9e9 }).encode(),
    'a.b.c',
    'no-token',
  ]

  for (const token of forged) expect(await check.authenticate(bearer(token), soon())).toBeUndefined()
  expect(await check.authenticate({ headers: {} }, soon())).toBeUndefined()
})

test('claims may have other names, and lie within others', async () => {
  await using place = await start({
    user: 'email',
    project: 'https://x.example/project',
    roles: 'realm.roles',
  })
  const token = await place.issuer.sign({
    email: 'ada@x.example',
    'https://x.example/project': 'p1',
    realm: { roles: 'reader other' },
  })

  expect(await place.check.authenticate(bearer(token), soon())).toMatchObject({
    user: 'ada@x.example',
    project: 'p1',
    role: 'reader',
  })
})

test.each<[string, object, string, string]>([
  ['without a project', { project_id: undefined }, 'Unauthenticated', 'claim project_id'],
  ['with a project of odd letters', { project_id: 'a#b' }, 'Unauthenticated', 'claim project_id'],
  ['without a user', { sub: undefined }, 'Unauthenticated', 'claim sub'],
  [
    'without a role that is known',
    { roles: ['other'] },
    'Forbidden',
    'user ada has no role here in project p1',
  ],
  ['with roles in another shape', { roles: { admin: true } }, 'Forbidden', 'has no role here'],
])('a token %s is not enough, and says why', async (_, change, name, words) => {
  await using place = await start()

  const asking = place.check.authenticate(bearer(await place.issuer.sign({ ...ofAda, ...change })), soon())

  await expect(asking).rejects.toMatchObject({ name, message: expect.stringContaining(words) })
})

test('a service may show itself beside the caller', async () => {
  await using place = await start()
  const { issuer, check } = place
  const authorization = `Bearer ${await issuer.sign(ofAda)}`
  const service = await issuer.sign({ sub: 'nova', project_id: 'service', roles: ['service'] })

  const asked = (token: string) =>
    check.authenticate({ headers: { authorization, 'x-service-token': token } }, soon())
  expect(await asked(service)).toMatchObject({ user: 'ada', isService: true })
  expect(await asked(await issuer.sign(ofAda))).toMatchObject({ isService: false })
  expect(await asked('unknown')).toBeUndefined()
})

test('with the issuer away nobody is let in, and it is asked again', async () => {
  await using place = await start()
  const { issuer, check } = place
  const token = await issuer.sign(ofAda)
  const fails = () =>
    expect(check.authenticate(bearer(token), soon())).rejects.toMatchObject({ name: 'BackendUnavailable' })

  issuer.failWith((response) => response.writeHead(500).end())
  await fails()
  issuer.failWith((response) => response.end('<html>'))
  await fails()
  issuer.failWith()
  issuer.say((url) => ({ issuer: 'https://elsewhere.example', jwks_uri: `${url}/keys` }))
  await fails()
  issuer.say((url) => ({ issuer: url, jwks_uri: 'http://elsewhere.example/keys' }))
  await fails()
  issuer.say((url) => ({ issuer: url, jwks_uri: `${url}/nothing` }))
  await fails()
})

test('an issuer that comes back is believed', async () => {
  await using place = await start()
  const { issuer, check } = place
  const token = await issuer.sign(ofAda)
  issuer.failWith((response) => response.destroy())
  await expect(check.authenticate(bearer(token), soon())).rejects.toThrow('keys of http://127.0.0.1')

  issuer.failWith()
  expect(await check.authenticate(bearer(token), soon())).toMatchObject({ user: 'ada' })
})
