import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { hashPassword } from '../../lib/auth/password.ts'
import { session, startExtension } from '../support/extension.ts'
import { startIssuer } from './issuer.ts'
import { startKeystone } from './keystone-server.ts'

const soon = () => Date.now() + 5_000
const as = (token: string) => ({ headers: { 'x-auth-token': token } })
const tokens = JSON.stringify({ 'token-1': { user: 'ci', project: 'p1', role: 'member' } })

/** The authenticator of a function with this environment. */
const withSettings = async (environment: Record<string, string>) => {
  const settings = { CINDERLESS_AUTH: '', OS_AUTH_URL: '', ...environment }
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value)
  vi.resetModules()
  const { authenticator } = await import('../../lib/lambda/authenticator.ts')
  return authenticator
}
afterEach(() => vi.unstubAllEnvs())

test('with nothing configured nobody is let in, and told which setting is missing', async () => {
  const check = (await withSettings({}))()

  await expect(check.authenticate(as('admin:admin'), soon())).rejects.toMatchObject({
    name: 'Unauthenticated',
    message: expect.stringContaining('CINDERLESS_AUTH'),
  })
  expect(check.challenge()).toBe('Token realm="cinderless"')
})

test('keystone and the usual OS_ settings are all it takes', async () => {
  await using server = await startKeystone()
  server.tokens.set('of-demo', { user: 'demo', project: 'p1', roles: ['member'] })
  const check = (
    await withSettings({
      CINDERLESS_AUTH: 'keystone',
      OS_AUTH_URL: `${server.url}/v3`,
      OS_USERNAME: 'block',
      OS_PASSWORD: 'a-hidden-password',
      OS_PROJECT_NAME: 'service',
    })
  )()

  expect(await check.authenticate(as('of-demo'), soon())).toMatchObject({ user: 'demo', role: 'member' })
  expect(check.challenge()).toBe(`Keystone uri="${server.url}/v3"`)
})

test('ways are tried in turn, and one that fails does not keep out who another one knows', async () => {
  const check = (
    await withSettings({
      CINDERLESS_AUTH: 'keystone, static',
      AUTH_TOKENS: tokens,
      OS_AUTH_URL: 'http://127.0.0.1:1/v3',
      OS_USERNAME: 'block',
      OS_PASSWORD: 'a-hidden-password',
      OS_PROJECT_NAME: 'service',
    })
  )()
  const inASecond = () => Date.now() + 500

  expect(await check.authenticate(as('token-1'), inASecond())).toMatchObject({ user: 'ci' })
  await expect(check.authenticate(as('other'), inASecond())).rejects.toMatchObject({
    name: 'BackendUnavailable',
  })
  expect(check.challenge()).toBe('Keystone uri="http://127.0.0.1:1/v3", Token realm="cinderless"')
})

test('basic and oidc are configured by their settings', async () => {
  await using issuer = await startIssuer()
  await issuer.makeKey('first')
  const password = await hashPassword('a-hidden-password')
  const check = (
    await withSettings({
      CINDERLESS_AUTH: 'basic,oidc',
      AUTH_USERS: JSON.stringify({ ada: { password, project: 'p1', role: 'reader' } }),
      OIDC_ISSUER: issuer.url,
      OIDC_AUDIENCE: 'cinderless',
      OIDC_ROLES_CLAIM: 'groups',
    })
  )()
  const basic = `Basic ${Buffer.from('ada:a-hidden-password').toString('base64')}`
  const bearer = `Bearer ${await issuer.sign({ sub: 'eve', project_id: 'p2', groups: ['admin'] })}`

  expect(await check.authenticate({ headers: { authorization: basic } }, soon())).toMatchObject({
    user: 'ada',
  })
  expect(await check.authenticate({ headers: { authorization: bearer } }, soon())).toMatchObject({
    user: 'eve',
  })
  expect(check.challenge()).toBe('Basic realm="cinderless", charset="UTF-8", Bearer realm="cinderless"')
})

test('tokens may be in a file or in a secret', async () => {
  await using extension = await startExtensionHere()
  const folder = await mkdtemp(join(tmpdir(), 'cinderless auth '))
  const file = join(folder, 'tokens.json')
  await writeFile(file, tokens)
  extension.holds('cinderless/tokens', tokens)

  const inFile = (await withSettings({ CINDERLESS_AUTH: 'static', AUTH_TOKENS_FILE: file }))()
  expect(await inFile.authenticate(as('token-1'), soon())).toMatchObject({ user: 'ci' })
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
  const inSecret = (
    await withSettings({
      CINDERLESS_AUTH: 'static',
      AUTH_TOKENS_SECRET: 'cinderless/tokens',
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(extension.port),
      AWS_SESSION_TOKEN: session,
    })
  )()
  expect(await inSecret.authenticate(as('token-1'), soon())).toMatchObject({ user: 'ci' })
  vi.unstubAllEnvs()
  const gone = (await withSettings({ CINDERLESS_AUTH: 'static', AUTH_TOKENS_FILE: file }))()
  await expect(gone.authenticate(as('token-1'), soon())).rejects.toMatchObject({
    name: 'BackendUnavailable',
    message: 'AUTH_TOKENS_FILE cannot be read: ENOENT',
  })
})

const startExtensionHere = async () => {
  const extension = await startExtension()
  return { ...extension, [Symbol.asyncDispose]: () => extension.close() }
}

test.each([
  ['an unknown way', { CINDERLESS_AUTH: 'static,kerberos' }, 'CINDERLESS_AUTH'],
  ['user:project beside a check', { CINDERLESS_AUTH: 'static,user:project' }, 'which lets everybody in'],
  ['basic without users', { CINDERLESS_AUTH: 'basic' }, 'AUTH_USERS is missing'],
  ['oidc without an issuer', { CINDERLESS_AUTH: 'oidc' }, 'OIDC_AUDIENCE is missing'],
  [
    'an issuer in clear',
    { CINDERLESS_AUTH: 'oidc', OIDC_ISSUER: 'http://127.0.0.1.example', OIDC_AUDIENCE: 'a' },
    'OIDC_ISSUER must be an address of https',
  ],
  ['static without tokens', { CINDERLESS_AUTH: 'static' }, 'AUTH_TOKENS is missing'],
  ['keystone without Keystone', { CINDERLESS_AUTH: 'keystone' }, 'OS_AUTH_URL is missing'],
])('%s lets nobody in, and is named', async (_, environment, words) => {
  const authenticator = await withSettings(environment)

  expect(authenticator).toThrow(words)
})
