import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BlockStorageSystem, startBlockStorage } from '../support/block-storage.ts'

let storage: BlockStorageSystem
beforeAll(async () => {
  storage = await startBlockStorage()
})
afterAll(() => storage?.[Symbol.asyncDispose]())

const asking = (version: string) => ({ headers: { 'openstack-api-version': version } })

test.each([
  ['volume 3.71', 200, 'volume 3.71'],
  ['compute 2.1, volume 3.5', 200, 'volume 3.5'],
  ['volume latest', 200, 'volume 3.71'],
  ['volume 3.72', 406, 'volume 3.0'],
  ['volume 2.0', 406, 'volume 3.0'],
  ['volume 3.x', 400, 'volume 3.0'],
  ['compute 2.1', 400, 'volume 3.0'],
])('a version that is asked for as %s is answered with %i', async (asked, status, said) => {
  const answer = await storage.call('GET', '/limits', undefined, asking(asked))
  expect(answer.status).toBe(status)
  expect(answer.headers['openstack-api-version']).toBe(said)
  expect(answer.headers.vary).toBe('OpenStack-API-Version')
})

test('without a version it is 3.0, and what came later is not there', async () => {
  expect((await storage.call('GET', '/messages')).status).toBe(404)
  expect((await storage.call('GET', '/messages', undefined, { version: 3 })).status).toBe(200)
})

test('both names of the request id are sent, with one value', async () => {
  const { headers } = await storage.call('GET', '/volumes/none')
  expect(headers['x-compute-request-id']).toMatch(/^req-/)
  expect(headers['x-openstack-request-id']).toBe(headers['x-compute-request-id'])
})

test('paths that are not there, methods they do not have, and a slash too many', async () => {
  expect((await storage.call('GET', '/wings')).status).toBe(404)
  expect((await storage.call('DELETE', '/volumes')).body.badMethod.code).toBe(405)
  expect((await storage.call('GET', '/volumes/')).status).toBe(404)
})

test('bodies of other types, broken ones, and none', async () => {
  const typed = (type: string) => ({ headers: { 'content-type': type } })
  const text = '{"volume":{"size":1}}'
  expect((await storage.call('POST', '/volumes', text, typed('text/xml'))).body.badMediaType.code).toBe(415)
  expect((await storage.call('POST', '/volumes', '{"volume"')).body.badRequest.message).toBe(
    'Malformed request body',
  )
  expect((await storage.call('POST', '/volumes')).status).toBe(400)
  const own = typed('application/vnd.openstack.volume+json; version=3')
  expect((await storage.call('POST', '/volumes', text, own)).status).toBe(202)
})

test('who shows nothing is told how to, in the shape that clients know', async () => {
  const { status, headers, body } = await storage.call('GET', '/volumes', undefined, {
    headers: { 'x-auth-token': '' },
  })
  expect(status).toBe(401)
  expect(headers['www-authenticate']).toBe('Token realm="cinderless"')
  expect(body.unauthorized).toMatchObject({
    code: 401,
    message: expect.stringContaining('Repeat with a token'),
  })
})
