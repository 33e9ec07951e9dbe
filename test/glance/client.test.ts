import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { inDriversWords } from '../../lib/drivers-words.ts'
import { connectGlance } from '../../lib/glance/client.ts'
import { anImage, id, password, say, startServices } from './services.ts'

const soon = () => Date.now() + 10_000
const failure = async (running: Promise<unknown>) =>
  running.then(
    () => {
      throw new Error('it was done')
    },
    (error: unknown) => {
      expect(inspect(error, { depth: 9 })).not.toMatch(/hidden/)
      return error
    },
  )
const named = async (running: Promise<unknown>) => inDriversWords(await failure(running)).name

test('a token is asked for once and shown to Glance, until shortly before its end', async () => {
  await using there = await startServices({ glance: (_, response) => say(response, 200, anImage()) })
  const glance = there.connection.within(soon())

  await Promise.all([glance.show(id), glance.show(id)])
  await glance.show(id)

  expect(there.asked.filter(({ url }) => url === '/v3/auth/tokens').length).toBeLessThanOrEqual(2)
  expect(there.asked.at(-1)).toMatchObject({ url: `/v2/images/${id}` })
  expect(JSON.parse(there.asked[0]!.body)).toEqual({
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name: 'u', password, domain: { id: 'default' } } },
      },
      scope: { project: { name: 'p', domain: { name: 'Default' } } },
    },
  })

  await using brief = await startServices({
    glance: (_, response) => say(response, 200, anImage()),
    lifeMs: 60_000,
  })
  await brief.connection.within(soon()).show(id)
  await brief.connection.within(soon()).show(id)
  expect(brief.asked.map(({ token }) => token).filter(Boolean)).toEqual([
    'a-hidden-token-1',
    'a-hidden-token-2',
  ])
})

test('a token that is no longer taken is asked for anew, once; a caller of that kind is told', async () => {
  await using there = await startServices({
    glance: ({ headers }, response) =>
      headers['x-auth-token'] === 'a-hidden-token-2'
        ? say(response, 200, anImage())
        : say(response, 401, '<html>'),
  })

  expect(await there.connection.within(soon()).show(id)).toMatchObject({ id })
  const asCaller = there.connection.within(soon()).show(id, 'a-hidden-token-of-a-caller')
  expect(await named(asCaller)).toBe('Unauthenticated')
  expect(there.asked.at(-1)?.token).toBe('a-hidden-token-of-a-caller')
})

test('what is only looked at is asked again while the service is away for a moment', async () => {
  let times = 0
  await using there = await startServices({
    glance: (_, response) => {
      times += 1
      if (times === 1) say(response, 503, '')
      else if (times === 2) response.destroy()
      else say(response, 200, anImage())
    },
  })

  expect(await there.connection.within(soon()).show(id)).toMatchObject({ id })
})

test('what makes an image is asked once: an answer that is lost leaves it open', async () => {
  await using there = await startServices({ glance: (_, response) => void response.destroy() })
  const create = there.connection
    .within(soon())
    .create({ name: 'one', disk_format: 'raw', container_format: 'bare' })

  expect(await named(create)).toBe('OutcomeUnknown')
  expect(there.asked.filter(({ url }) => url === '/v2/images')).toHaveLength(1)
})

test('an image that is there under the id that was asked for is the one', async () => {
  await using there = await startServices({
    glance: ({ method }, response) =>
      method === 'POST' ? say(response, 409, {}) : say(response, 200, anImage()),
  })
  const glance = there.connection.within(soon())
  const wanted = { id, name: 'one', disk_format: 'raw', container_format: 'bare' } as const

  expect(await glance.create(wanted)).toMatchObject({ id })
  expect(await named(glance.create({ ...wanted, name: 'other' }))).toBe('Conflict')
})

test.each([
  ['Keystone refuses us', { keystone: 401 }, 'VolumeBackendError'],
  ['Glance refuses us', { glance: 401 }, 'VolumeBackendError'],
  ['the image is not for us', { glance: 403 }, 'Forbidden'],
  ['there is no such image', { glance: 404 }, 'InvalidInput'],
  ['Glance is out of order', { glance: 500 }, 'BackendUnavailable'],
  ['it asks for a pause', { glance: 429 }, 'BackendUnavailable'],
])('when %s, callers are told in their own words', async (_, { keystone, glance }: any, name) => {
  await using there = await startServices({
    ...(keystone && { keystone: (_: unknown, response: any) => say(response, keystone, '<html>') }),
    glance: (_, response) => say(response, glance, '<html>a-hidden-word</html>'),
  })

  expect(await named(there.connection.within(soon()).show(id))).toBe(name)
})

test.each([
  ['a page of a proxy', '<html>a-hidden-word</html>'],
  ['nothing', ''],
  ['another shape', { id: 'hidden', status: 'active' }],
])('%s in place of an image is no image', async (_, body) => {
  await using there = await startServices({ glance: (_, response) => say(response, 200, body) })

  expect(await named(there.connection.within(soon()).show(id))).toBe('VolumeBackendError')
})

test('nobody at the address, an answer after the deadline, and no Glance in the catalog differ', async () => {
  const nowhere = connectGlance({
    authUrl: 'http://127.0.0.1:9',
    region: undefined,
    interface: 'public',
    identity: async () => ({ applicationCredentialId: 'a', secret: 'hidden' }),
  })
  expect(await named(nowhere.within(Date.now() + 1_000).show(id))).toBe('BackendUnavailable')

  await using silent = await startServices({ glance: () => {} })
  expect(await named(silent.connection.within(Date.now() + 300).show(id))).toBe('BackendUnavailable')
  expect(await named(silent.connection.within(Date.now() - 1).show(id))).toBe('BackendUnavailable')

  await using elsewhere = await startServices({ region: 'S' })
  expect(await failure(elsewhere.connection.within(soon()).show(id))).toMatchObject({
    message: expect.stringContaining('no public image service in R'),
  })
})

test('a change says what is new, what is another and what is taken away, and no change asks nothing', async () => {
  await using there = await startServices({
    glance: (_, response) => say(response, 200, anImage({ a: 'x', 'b/c': 'y' })),
  })
  const glance = there.connection.within(soon())

  await glance.update(id, { gone: undefined })
  expect(there.asked.some(({ method }) => method === 'PATCH')).toBe(false)
  await glance.update(id, { a: 'z', 'b/c': undefined, 'd~': '1' })
  expect(JSON.parse(there.asked.at(-1)!.body)).toEqual([
    { op: 'replace', path: '/a', value: 'z' },
    { op: 'remove', path: '/b~1c' },
    { op: 'add', path: '/d~0', value: '1' },
  ])
})
