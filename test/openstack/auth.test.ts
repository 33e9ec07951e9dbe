import { expect, inject, test, vi } from 'vitest'
import { inTurn } from '../../lib/auth/authenticator.ts'
import { keystoneTokens } from '../../lib/auth/keystone.ts'
import { type Identity, keystone } from '../../lib/glance/keystone.ts'
import { aFolder } from '../support/system.ts'
import { asUser, soon } from './as-user.ts'
import { startWithKeystone } from './block-storage.ts'

const passwordOf = (password: string): Identity => ({
  ...{ username: 'block', password, projectName: 'service' },
  ...{ userDomain: { id: 'default' }, projectDomain: { id: 'default' } },
})

/** What checks callers, as the user that the set-up has made for it; nothing is kept from another test. */
const check = (
  identity = passwordOf(inject('openstack').password),
  authUrl = inject('openstack').keystoneUrl,
) => {
  const own = keystone({ authUrl, region: undefined, interface: 'public', identity: async () => identity })
  return inTurn([keystoneTokens({ authUrl, own })])
}
const as = (token: string, service?: string) => ({
  headers: { 'x-auth-token': token, 'x-service-token': service },
})

const ask = async (method: string, path: string, token: string | undefined, body?: object, headers = {}) => {
  const response = await fetch(`${inject('openstack').keystoneUrl}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { 'x-auth-token': token }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
  return { token: response.headers.get('x-subject-token') ?? '', body: text === '' ? {} : JSON.parse(text) }
}
const tokenFor = async (name: string, scope: unknown) => {
  const user = { name, domain: { id: 'default' }, password: inject('openstack').password }
  const auth = { identity: { methods: ['password'], password: { user } }, scope }
  return (await ask('POST', '/auth/tokens', undefined, { auth })).token
}

test.each([
  ['demo', 'demo', 'member'],
  ['watcher', 'demo', 'reader'],
  ['alt', 'alt', 'member'],
  ['admin', 'admin', 'admin'],
])('a token of %s says project %s and role %s', async (user, project, role) => {
  const token = await asUser(user, project).token()
  const { projects } = inject('openstack')

  const caller = await check().authenticate(as(token), soon())

  expect(caller).toMatchObject({
    role,
    isService: false,
    token,
    user: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
  if (project !== 'admin') expect(caller.project).toBe(projects[project])
})

test('a token that was revoked, changed or made up is nobody', async () => {
  const token = await asUser('demo').token()
  await ask('DELETE', '/auth/tokens', token, undefined, { 'x-subject-token': token })
  const other = await asUser('demo').token()

  for (const bad of [token, `${other.slice(0, -2)}xx`, 'made-up', 'x'.repeat(9_000)])
    await expect(check().authenticate(as(bad), soon())).rejects.toMatchObject({ name: 'Unauthenticated' })
  expect(await check().authenticate(as(other), soon())).toMatchObject({ role: 'member' })
})

test('a token that is revoked while it is known is refused within a minute', async () => {
  const one = check()
  const token = await asUser('demo').token()
  await one.authenticate(as(token), soon())
  await ask('DELETE', '/auth/tokens', token, undefined, { 'x-subject-token': token })

  vi.setSystemTime(Date.now() + 61_000)
  await expect(one.authenticate(as(token), soon())).rejects.toMatchObject({ name: 'Unauthenticated' })
  vi.useRealTimers()
})

test('a token for no project is not enough', async () => {
  const unscoped = await tokenFor('demo', 'unscoped')
  const system = await tokenFor('admin', { system: { all: true } })

  for (const token of [unscoped, system])
    await expect(check().authenticate(as(token), soon())).rejects.toThrow('the token is for no project')
})

test('a service shows its own token beside the caller', async () => {
  const [demo, block, alt] = await Promise.all([
    asUser('demo').token(),
    asUser('block', 'service').token(),
    asUser('alt').token(),
  ])

  expect(await check().authenticate(as(demo, block), soon())).toMatchObject({
    role: 'member',
    isService: true,
  })
  expect(await check().authenticate(as(demo, alt), soon())).toMatchObject({ isService: false })
  await expect(check().authenticate(as(demo, 'made-up'), soon())).rejects.toMatchObject({
    name: 'Unauthenticated',
  })
})

test('application credentials are callers, and may be who we are; access rules are not for us', async () => {
  const token = await asUser('demo').token()
  const make = async (user: string, of: string, more: object = {}) => {
    const { body } = await ask('GET', '/auth/tokens', of, undefined, { 'x-subject-token': of })
    const path = `/users/${body.token.user.id}/application_credentials`
    const name = `${user} ${Math.random()}`
    const made = await ask('POST', path, of, { application_credential: { name, ...more } })
    const { id, secret } = made.body.application_credential
    return { id, secret }
  }
  const login = async (application_credential: object) => {
    const auth = { identity: { methods: ['application_credential'], application_credential } }
    return (await ask('POST', '/auth/tokens', undefined, { auth })).token
  }
  const rules = [{ path: '/v3/**', method: 'GET', service: 'block-storage' }]

  const plain = await login(await make('demo', token, { roles: [{ name: 'reader' }] }))
  expect(await check().authenticate(as(plain), soon())).toMatchObject({ role: 'reader' })
  const ruled = await login(await make('demo', token, { access_rules: rules }))
  await expect(check().authenticate(as(ruled), soon())).rejects.toMatchObject({ name: 'Unauthenticated' })
  const { id, secret } = await make('block', await asUser('block', 'service').token())
  const own = check({ applicationCredentialId: id, secret })
  expect(await own.authenticate(as(token), soon())).toMatchObject({ role: 'member' })
})

test('where we are not let in, or may not look at tokens, or nobody answers, neither is the caller', async () => {
  const token = await asUser('demo').token()
  const { password } = inject('openstack')
  const refused = { name: 'BackendUnavailable', remedy: expect.stringContaining('OS_PASSWORD') }
  const demo = { ...passwordOf(password), username: 'demo', projectName: 'demo' }

  await expect(check(passwordOf('wrong')).authenticate(as(token), soon())).rejects.toMatchObject(refused)
  await expect(check(demo).authenticate(as(await asUser('alt').token()), soon())).rejects.toMatchObject({
    name: 'BackendUnavailable',
    remedy: expect.stringContaining('the role service or admin'),
  })
  const nowhere = check(passwordOf(password), 'http://127.0.0.1:1/v3')
  await expect(nowhere.authenticate(as(token), Date.now() + 2_000)).rejects.toMatchObject({
    name: 'BackendUnavailable',
  })
})

test('npm start with CINDERLESS_AUTH=keystone lets in whom Keystone knows, for what their role allows', async () => {
  const { keystoneUrl } = inject('openstack')
  await using folder = await aFolder()
  const system = await startWithKeystone(folder.path)
  const statusFor = async (token: string | undefined, path: string, body?: object) => {
    const response = await fetch(`${system.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { 'x-auth-token': token }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return [response.status, response.headers.get('www-authenticate')]
  }
  const volume = { volume: { id: 'checked', size: 1 } }
  const watcher = await asUser('watcher', 'demo').token()
  const admin = await asUser('admin').token()

  try {
    expect(await statusFor(undefined, '/stats')).toEqual([401, `Keystone uri="${keystoneUrl}"`])
    expect(await statusFor(undefined, '/driver/create_volume', volume)).toEqual([
      401,
      `Keystone uri="${keystoneUrl}"`,
    ])
    expect(await statusFor(watcher, '/stats')).toEqual([200, null])
    expect(await statusFor(watcher, '/driver/create_volume', volume)).toEqual([403, null])
    expect(await statusFor(admin, '/driver/create_volume', volume)).toEqual([200, null])
    const ofDemo = `/v3/${inject('openstack').projects.demo}/volumes`
    const named = { volume: { size: 1, name: 'v' } }
    expect(await statusFor(undefined, ofDemo, named)).toEqual([401, `Keystone uri="${keystoneUrl}"`])
    expect(await statusFor(watcher, ofDemo, named)).toEqual([403, null])
    expect(await statusFor(watcher, ofDemo)).toEqual([200, null])
    expect(await statusFor(await asUser('demo').token(), ofDemo, named)).toEqual([202, null])
    expect(await statusFor(await asUser('alt').token(), ofDemo)).toEqual([400, null])
  } finally {
    await system.stop()
  }
})
