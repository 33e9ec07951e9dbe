import { afterEach, expect, test, vi } from 'vitest'
import { inTurn } from '../../lib/auth/authenticator.ts'
import { startKeystone } from './keystone-server.ts'

const soon = () => Date.now() + 5_000
const as = (token: string, more: Record<string, string> = {}) => ({
  headers: { 'x-auth-token': token, ...more },
})
const demo = { user: 'demo', project: 'p1', roles: ['member', 'reader'] }

afterEach(() => vi.useRealTimers())
const later = (ms: number) => vi.setSystemTime(Date.now() + ms)

test('a token says who calls, in which project, and what they may', async () => {
  await using server = await startKeystone()
  server.tokens.set('of-demo', demo)

  expect(await server.plugin().authenticate(as('of-demo'), soon())).toEqual({
    user: 'demo',
    project: 'p1',
    role: 'member',
    isService: false,
    token: 'of-demo',
  })
})

test.each([
  [['admin', 'member', 'reader'], 'admin'],
  [['Admin'], 'admin'],
  [['_member_'], 'member'],
  [['Member', 'swiftoperator'], 'member'],
  [['reader'], 'reader'],
])('of the roles %j counts %s', async (roles, role) => {
  await using server = await startKeystone()
  server.tokens.set('t', { ...demo, roles })

  expect(await server.plugin().authenticate(as('t'), soon())).toMatchObject({ role })
})

test('who has other roles only is somebody, and may nothing', async () => {
  await using server = await startKeystone()
  server.tokens.set('t', { ...demo, roles: ['swiftoperator'] })

  await expect(server.plugin().authenticate(as('t'), soon())).rejects.toMatchObject({
    name: 'Forbidden',
    message: 'user demo has no role here in project p1',
  })
})

test('a token for no project is not enough', async () => {
  await using server = await startKeystone()
  server.tokens.set('unscoped', { user: 'demo', roles: ['admin'] })

  await expect(server.plugin().authenticate(as('unscoped'), soon())).rejects.toMatchObject({
    name: 'Unauthenticated',
    message: 'the token is for no project',
  })
})

test('a token that is not good is nobody, and Keystone is not asked about what cannot be one', async () => {
  await using server = await startKeystone()
  const plugin = server.plugin()

  expect(await plugin.authenticate(as('unknown'), soon())).toBeUndefined()
  const looks = server.looks()
  for (const headers of [
    {},
    { 'x-auth-token': '' },
    { 'x-auth-token': 'two words' },
    { 'x-auth-token': 'ü' },
  ])
    expect(await plugin.authenticate({ headers }, soon())).toBeUndefined()
  expect(server.looks()).toBe(looks)
})

test('Keystone is asked once a minute about a token, also by many at once', async () => {
  await using server = await startKeystone()
  server.tokens.set('of-demo', demo)
  const plugin = server.plugin()

  await Promise.all([1, 2, 3, 4].map(() => plugin.authenticate(as('of-demo'), soon())))
  expect(server.looks()).toBe(1)
  server.tokens.delete('of-demo')
  expect(await plugin.authenticate(as('of-demo'), soon()), 'revoked just now').toBeDefined()
  later(61_000)
  expect(await plugin.authenticate(as('of-demo'), soon()), 'revoked a minute ago').toBeUndefined()
})

test('a token is never good for longer than it says itself', async () => {
  await using server = await startKeystone()
  server.tokens.set('short', { ...demo, expiresAt: Date.now() + 20_000 })
  const plugin = server.plugin()

  expect(await plugin.authenticate(as('short'), soon())).toBeDefined()
  later(21_000)
  expect(await plugin.authenticate(as('short'), soon())).toBeUndefined()
})

test('one that is not good is not asked about again at once, and may become good', async () => {
  await using server = await startKeystone()
  const plugin = server.plugin()

  await plugin.authenticate(as('late'), soon())
  server.tokens.set('late', demo)
  expect(await plugin.authenticate(as('late'), soon())).toBeUndefined()
  expect(server.looks()).toBe(1)
  later(6_000)
  expect(await plugin.authenticate(as('late'), soon())).toMatchObject({ user: 'demo' })
})

test('our own token is renewed where Keystone takes it no more', async () => {
  await using server = await startKeystone()
  server.tokens.set('of-demo', demo)
  const plugin = server.plugin()
  await plugin.authenticate(as('unknown'), soon())
  server.tokens.delete('own-1')

  expect(await plugin.authenticate(as('of-demo'), soon())).toMatchObject({ user: 'demo' })
  expect(server.asked.filter(({ method }) => method === 'POST')).toHaveLength(2)
})

test.each([
  ['service', ['service'], true],
  ['admin', ['admin'], true],
  ['member', ['member'], false],
])('a token beside the caller with role %s speaks for them: %s %s', async (_, roles, isService) => {
  await using server = await startKeystone()
  server.tokens.set('of-demo', demo).set('of-nova', { user: 'nova', project: 'service', roles })

  const caller = await server.plugin().authenticate(as('of-demo', { 'x-service-token': 'of-nova' }), soon())

  expect(caller).toMatchObject({ user: 'demo', role: 'member', isService })
})

test("a service may show a caller's token that has expired meanwhile, nobody else may", async () => {
  await using server = await startKeystone()
  server.tokens
    .set('expired', { ...demo, expiresAt: Date.now() - 1_000 })
    .set('of-nova', { user: 'nova', project: 'service', roles: ['service'] })
    .set('of-alt', { ...demo, user: 'alt' })
  const plugin = server.plugin()

  expect(await plugin.authenticate(as('expired'), soon())).toBeUndefined()
  expect(await plugin.authenticate(as('expired', { 'x-service-token': 'of-alt' }), soon())).toBeUndefined()
  expect(await plugin.authenticate(as('expired', { 'x-service-token': 'of-nova' }), soon())).toMatchObject({
    user: 'demo',
    isService: true,
  })
  expect(await plugin.authenticate(as('expired'), soon())).toBeUndefined()
})

test("a service's token that is not good spoils a good one of the caller", async () => {
  await using server = await startKeystone()
  server.tokens.set('of-demo', demo)
  const plugin = server.plugin()

  for (const service of ['unknown', 'two words', ''])
    expect(await plugin.authenticate(as('of-demo', { 'x-service-token': service }), soon())).toBeUndefined()
})

test('with Keystone away nobody is let in, and told to come back', async () => {
  const server = await startKeystone()
  server.tokens.set('of-demo', demo)
  const plugin = server.plugin()
  await plugin.authenticate(as('unknown'), soon())
  await server[Symbol.asyncDispose]()

  await expect(plugin.authenticate(as('of-demo'), Date.now() + 600)).rejects.toMatchObject({
    name: 'BackendUnavailable',
    message: expect.stringContaining('the token cannot be checked'),
  })
})

test.each([
  ['an error', 500, 'oops'],
  ['a refusal of us', 403, '{}'],
  ['a page', 200, '<html>'],
  ['another shape', 200, '{"token":{"user":"demo"}}'],
])('%s for an answer lets nobody in', async (_, status, body) => {
  await using server = await startKeystone()
  const plugin = server.plugin()
  await plugin.authenticate(as('unknown'), soon())
  server.failWith((response) => response.writeHead(status).end(body))

  const refusal = plugin.authenticate(as('a-hidden-token'), Date.now() + 600)

  await expect(refusal).rejects.toMatchObject({ name: 'BackendUnavailable' })
  await expect(refusal).rejects.not.toThrow('hidden')
  server.failWith()
  server.tokens.set('a-hidden-token', demo)
  expect(await plugin.authenticate(as('a-hidden-token'), soon()), 'that was not kept').toMatchObject({
    user: 'demo',
  })
})

test('with a wrong password of our own nobody is let in, and the settings are named', async () => {
  await using server = await startKeystone()
  server.tokens.set('of-demo', demo)
  server.changePassword()

  await expect(server.plugin().authenticate(as('of-demo'), soon())).rejects.toMatchObject({
    name: 'BackendUnavailable',
    remedy: expect.stringContaining('OS_PASSWORD'),
  })
})

test('who is refused learns where to get a token', async () => {
  await using server = await startKeystone()
  const check = inTurn([server.plugin()])

  expect(check.challenge()).toBe(`Keystone uri="${server.url}/v3/"`)
  await expect(check.authenticate(as('unknown'), soon())).rejects.toMatchObject({ name: 'Unauthenticated' })
  await expect(check.authenticate({ headers: {} }, soon())).rejects.toThrow('neither X-Auth-Token nor')
})
