import { afterEach, expect, test, vi } from 'vitest'
import { staticTokens } from '../../lib/auth/static.ts'

afterEach(() => vi.useRealTimers())

const soon = () => Date.now() + 5_000
const entry = { user: 'ci', project: 'p1', role: 'member' }
const plugin = (tokens: unknown) =>
  staticTokens({ setting: 'AUTH_TOKENS', read: async () => JSON.stringify(tokens) })
const as = (token: string, service?: string) => ({
  headers: { 'x-auth-token': token, 'x-service-token': service },
})

test('who shows a token that is written down is who it says', async () => {
  const known = plugin({ 'token-1': entry, 'token-2': { user: 'eye', project: '*', role: 'reader' } })

  expect(await known.authenticate(as('token-1'), soon())).toEqual({ ...entry, isService: false })
  expect(await known.authenticate(as('token-2'), soon())).toMatchObject({ project: '*', role: 'reader' })
})

test('nobody else is known', async () => {
  const known = plugin({ 'token-1': entry })

  for (const token of ['token-', 'token-11', 'TOKEN-1', '', '__proto__', 'constructor'])
    expect(await known.authenticate(as(token), soon())).toBeUndefined()
  expect(await known.authenticate({ headers: {} }, soon())).toBeUndefined()
})

test("a service's token is an admin's, and one that is unknown spoils the caller's", async () => {
  const known = plugin({ 'token-1': entry, nova: { user: 'nova', project: 'service', role: 'admin' } })

  expect(await known.authenticate(as('token-1', 'nova'), soon())).toMatchObject({
    user: 'ci',
    isService: true,
  })
  expect(await known.authenticate(as('token-1', 'token-1'), soon())).toMatchObject({ isService: false })
  expect(await known.authenticate(as('token-1', 'other'), soon())).toBeUndefined()
})

test('a list is read again after a minute', async () => {
  let tokens: object = { 'token-1': entry }
  const known = staticTokens({ setting: 'AUTH_TOKENS_FILE', read: async () => JSON.stringify(tokens) })
  expect(await known.authenticate(as('token-1'), soon())).toBeDefined()

  tokens = {}
  expect(await known.authenticate(as('token-1'), soon())).toBeDefined()
  vi.setSystemTime(Date.now() + 61_000)
  expect(await known.authenticate(as('token-1'), soon())).toBeUndefined()
})

test.each([
  ['no JSON', 'hidden', 'it must be JSON of the form'],
  ['a list', '["hidden"]', 'it must be JSON of the form'],
  ['no project', '{"hidden":{"user":"u","role":"admin"}}', 'project of an entry: '],
  ['an unknown role', '{"hidden":{"user":"u","project":"p","role":"hidden"}}', 'role of an entry: '],
  [
    'a project of odd letters',
    '{"hidden":{"user":"u","project":"a#b","role":"admin"}}',
    'project of an entry',
  ],
  ['a token that no header can hold', '{"hid den":{"user":"u","project":"p","role":"admin"}}', 'AUTH_TOKENS'],
])('a list with %s lets nobody in, and is not repeated', async (_, text, words) => {
  const known = staticTokens({ setting: 'AUTH_TOKENS', read: async () => text })

  const refusal = known.authenticate(as('hidden'), soon())

  await expect(refusal).rejects.toMatchObject({ name: 'VolumeBackendError' })
  await expect(refusal).rejects.toThrow(words)
  await expect(refusal).rejects.not.toThrow('hidden')
})
