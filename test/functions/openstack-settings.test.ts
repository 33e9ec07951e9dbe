import { afterEach, expect, test, vi } from 'vitest'

const settings = async (environment: Record<string, string>) => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  vi.resetModules()
  const { openStackConfig } = await import('../../lib/config.ts')
  return openStackConfig()
}
afterEach(() => vi.unstubAllEnvs())

const OS_AUTH_URL = 'https://keystone.example/v3'

test('without Keystone there is nothing to be wrong', async () => {
  expect(await settings({ OS_USERNAME: 'u', OS_PASSWORD: 'hidden' })).toBeUndefined()
})

test.each([
  ['a user', { OS_USERNAME: 'u', OS_PASSWORD: 'p', OS_PROJECT_NAME: 'service' }],
  [
    'a user whose password is in a secret',
    { OS_USERNAME: 'u', OS_PASSWORD_SECRET: 's', OS_PROJECT_NAME: 'p' },
  ],
  ['an application credential', { OS_APPLICATION_CREDENTIAL_ID: 'i', OS_APPLICATION_CREDENTIAL_SECRET: 's' }],
])('%s is who we are to Keystone', async (_, given) => {
  expect(await settings({ OS_AUTH_URL, ...given })).toMatchObject({
    OS_AUTH_URL,
    OS_INTERFACE: 'public',
    ...given,
  })
})

test.each([
  [
    'nothing else',
    {},
    ['OS_USERNAME is missing', 'OS_PROJECT_NAME is missing', 'OS_PASSWORD is missing, and so is'],
  ],
  [
    'an unknown interface',
    { OS_USERNAME: 'u', OS_PASSWORD: 'hidden', OS_PROJECT_NAME: 'p', OS_INTERFACE: 'x' },
    ['OS_INTERFACE'],
  ],
  [
    'half a credential',
    { OS_APPLICATION_CREDENTIAL_ID: 'i' },
    ['OS_APPLICATION_CREDENTIAL_SECRET is missing'],
  ],
  [
    'two identities',
    { OS_APPLICATION_CREDENTIAL_ID: 'i', OS_APPLICATION_CREDENTIAL_SECRET: 'hidden', OS_USERNAME: 'u' },
    ['leave one of them out'],
  ],
  [
    'no address',
    { OS_AUTH_URL: 'ftp://x', OS_USERNAME: 'u', OS_PASSWORD: 'hidden', OS_PROJECT_NAME: 'p' },
    ['OS_AUTH_URL'],
  ],
])('with %s every wrong setting is named at once, and no value', async (_, given, words) => {
  const read = settings({ OS_AUTH_URL, ...given })

  for (const word of words) await expect(read).rejects.toThrow(word)
  await expect(read).rejects.not.toThrow('hidden')
})
