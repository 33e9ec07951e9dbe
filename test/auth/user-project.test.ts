import { expect, test } from 'vitest'
import { userProject } from '../../lib/auth/user-project.ts'

const soon = () => Date.now() + 5_000
const whoIs = (headers: Record<string, string>, pathProject?: string) =>
  userProject.authenticate({ headers, pathProject }, soon())
const project = 'ab'.repeat(16)

test.each<[string, Record<string, string>, string | undefined, object]>([
  ['cinder and gophercloud', { 'x-auth-token': `ada:${project}` }, project, { user: 'ada', project }],
  ['auth type none', { 'x-auth-token': 'notused' }, project, { user: 'admin', project }],
  [
    'auth type none, with no project in the path',
    { 'x-auth-token': 'notused' },
    undefined,
    { project: 'admin' },
  ],
  ['admin_token', { 'x-auth-token': 'gAAAA-hidden' }, project, { user: 'admin', project }],
  ['http_basic', { authorization: 'Basic YWRhOmhpZGRlbg==' }, project, { user: 'ada', project }],
  ['a user and nothing', { 'x-auth-token': 'ada:' }, project, { user: 'ada', project }],
])('a client that calls with %s is let in', async (_, headers, path, expected) => {
  const caller = await whoIs(headers, path)

  expect(caller).toMatchObject({ role: 'admin', isService: false, ...expected })
  expect(JSON.stringify(caller)).not.toContain('hidden')
})

test('something has to be shown, and it has to make sense', async () => {
  expect(await whoIs({}, project)).toBeUndefined()
  expect(await whoIs({ 'x-auth-token': '' }, project)).toBeUndefined()
  expect(await whoIs({ authorization: 'Basic !' }, project)).toBeUndefined()
  expect(await whoIs({ 'x-auth-token': 'ada:a#b' })).toBeUndefined()
  expect(await whoIs({ 'x-auth-token': 'ada:*' })).toBeUndefined()
})

test('a service may show itself', async () => {
  expect(await whoIs({ 'x-auth-token': 'ada:p', 'x-service-token': 'nova:service' })).toMatchObject({
    isService: true,
  })
})
