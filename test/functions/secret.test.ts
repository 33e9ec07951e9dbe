import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { type Answer, session, startExtension } from '../support/extension.ts'
import { type Functions, startFunctions } from '../support/functions.ts'

const wrong = '9876543210987'

let extension: Awaited<ReturnType<typeof startExtension>>
let functions: Functions
/** All that was logged, and all that was answered. */
let said = ''

beforeAll(async () => {
  extension = await startExtension()
  functions = await startFunctions('driver', {
    SP_AUTH_TOKEN: '',
    SP_AUTH_TOKEN_SECRET: 'cinderless/storpool-token',
    AWS_SESSION_TOKEN: session,
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(extension.port),
    QUEUE_URL: 'http://127.0.0.1:9/none',
    LOG_LEVEL: 'debug',
  })
  // Each a cluster with a secret of its own, so that each test begins without a token.
  const names = ['rotated', 'away', 'refused', 'empty', 'cut', 'odd', 'slow', 'gone']
  const { port } = functions.cluster.simulator
  const backend = (name: string) => ({
    SP_API_HTTP_HOST: '127.0.0.1',
    SP_API_HTTP_PORT: port,
    SP_AUTH_TOKEN_SECRET: `cinderless/${name}`,
  })
  process.env.BACKENDS = JSON.stringify(Object.fromEntries(names.map((name) => [name, backend(name)])))
  extension.holds('cinderless/storpool-token', `${functions.cluster.simulator.token}\n`)
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    said += String(chunk)
    return true
  })
})

afterEach(() => {
  vi.useRealTimers()
  for (const secret of [session, wrong, functions.cluster.simulator.token]) expect(said).not.toContain(secret)
})

afterAll(async () => {
  vi.restoreAllMocks()
  await extension.close()
  await functions[Symbol.asyncDispose]()
})

/** Asks a backend for what only a cluster that knows the token would tell. */
const ask = async (backend?: string) => {
  const host = backend === undefined ? undefined : `any@${backend}#pool`
  const answer = await functions.post('get_pool', { volume: { id: 'none', host } })
  said += JSON.stringify(answer)
  return { name: answer.body.error.name, message: answer.body.error.message }
}

/** That it is asked at all: there is no such volume. */
const knowsToken = { name: 'VolumeNotFound' }

const minutesLater = (minutes: number) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * 60_000 })
}

test('the token is read from the extension, once for many calls', async () => {
  expect(await ask()).toMatchObject(knowsToken)
  expect(await ask()).toMatchObject(knowsToken)

  expect(extension.asked).toEqual(['cinderless/storpool-token'])
})

test('a token that was changed is taken up five minutes after the old one was read', async () => {
  extension.holds('cinderless/rotated', wrong)
  expect(await ask('rotated')).toMatchObject({ name: 'VolumeBackendError' })

  extension.holds('cinderless/rotated', functions.cluster.simulator.token)
  minutesLater(4)
  expect(await ask('rotated')).toMatchObject({ name: 'VolumeBackendError' })
  minutesLater(1)
  expect(await ask('rotated')).toMatchObject(knowsToken)
})

test('a token that cannot be read again is used on', async () => {
  extension.holds('cinderless/away', functions.cluster.simulator.token)
  expect(await ask('away')).toMatchObject(knowsToken)

  extension.answers('cinderless/away', (response) => response.writeHead(500).end())
  minutesLater(5)
  expect(await ask('away')).toMatchObject(knowsToken)
  expect(said).toContain('"message":"the token could not be read again"')
})

test.each<[string, Answer, string]>([
  [
    'refused',
    (response) => response.writeHead(400).end(`AccessDenied ${wrong}`),
    'the extension answered 400',
  ],
  ['empty', (response) => response.end(JSON.stringify({ SecretString: ' ' })), 'it holds no text'],
  ['odd', (response) => response.end(`not JSON ${wrong}`), 'it holds no text'],
  [
    'cut',
    (response) => {
      response.writeHead(200, { 'content-length': 1_000 })
      response.write(`{"SecretString":"${wrong}`, () => response.destroy())
    },
    'cut off',
  ],
  ['slow', () => undefined, 'it took too long'],
])('a secret whose reading is %s is named, with what to look at', async (name, answer, why) => {
  extension.answers(`cinderless/${name}`, answer)

  const { name: error, message } = await ask(name)

  expect(error).toBe('BackendUnavailable')
  expect(message).toMatch(new RegExp(`^the secret cinderless/${name} could not be read: .*${why}`))
  extension.holds(`cinderless/${name}`, functions.cluster.simulator.token)
  expect(await ask(name)).toMatchObject(knowsToken)
})

test('a function without the extension says so', async () => {
  await extension.close()

  const { name, message } = await ask('gone')

  expect(name).toBe('BackendUnavailable')
  expect(message).toContain('the secret cinderless/gone could not be read: connect ECONNREFUSED')
})
