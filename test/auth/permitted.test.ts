import { afterEach, expect, test, vi } from 'vitest'
import { aContext, anHttpEvent } from '../support/makers.ts'

afterEach(() => vi.unstubAllEnvs())

const monitor = 'arn:aws:sts::111122223333:assumed-role/Monitor/session'
const operator = 'arn:aws:iam::111122223333:user/ops/ada'
const rolesSet = JSON.stringify({
  'arn:aws:sts::111122223333:assumed-role/Monitor/*': 'reader',
  'arn:aws:iam::111122223333:user/ops/*': 'admin',
  'arn:aws:iam::111122223333:user/*': 'member',
})

/** What a function answers whom API Gateway let in. */
const ask = async (
  path: string,
  authorizer: object | undefined,
  environment: Record<string, string> = {},
) => {
  for (const [name, value] of Object.entries({ IAM_ROLES: '', ...environment })) vi.stubEnv(name, value)
  vi.resetModules()
  const { endpoint } = await import('../../lib/lambda/endpoint.ts')
  const handler = endpoint(async (_, { caller }) => ({ caller }))
  const event = anHttpEvent('POST', path)
  if (authorizer !== undefined) Object.assign(event.requestContext, { authorizer })
  const answer: any = await handler(event, aContext('create-volume'))
  return { status: answer.statusCode, ...JSON.parse(answer.body) }
}
const iam = (userArn: string) => ({ iam: { userArn, accountId: '111122223333' } })

test('with no roles configured, IAM has decided', async () => {
  expect(await ask('/driver/create_volume', iam(monitor))).toEqual({ status: 200 })
})

test.each([
  [monitor, '/driver/get_volume_stats', 200],
  [monitor, '/driver/create_volume', 403],
  [monitor, '/driver/get_manageable_volumes', 200],
  [operator, '/driver/create_volume', 200],
  ['arn:aws:iam::111122223333:user/eve', '/driver/create_volume', 403],
  ['arn:aws:iam::111122223333:user/eve', '/driver/get_pool', 200],
  ['arn:aws:iam::444455556666:user/ops/ada', '/driver/get_pool', 403],
])('with roles configured, %s is answered at %s with %d', async (arn, path, status) => {
  expect(await ask(path, iam(arn), { IAM_ROLES: rolesSet })).toMatchObject({ status })
})

test('a refusal says who, what for, and what it takes', async () => {
  const { error } = await ask('/driver/create_volume', iam(monitor), { IAM_ROLES: rolesSet })

  expect(error).toMatchObject({
    name: 'Forbidden',
    message: `${monitor} is reader, which is not enough for driver:change`,
    remedy: 'It takes the role admin: ask an admin.',
  })
})

test('with roles configured, a route without an authorizer lets nobody in', async () => {
  expect(await ask('/driver/get_pool', undefined, { IAM_ROLES: rolesSet })).toMatchObject({ status: 401 })
  expect(await ask('/driver/get_pool', { iam: {} }, { IAM_ROLES: rolesSet })).toMatchObject({ status: 401 })
})

test('an authorizer of its own says the caller, and a half of one is nobody', async () => {
  const ada = { user: 'ada', project: 'p1', role: 'reader' }

  expect(await ask('/driver/get_pool', { lambda: ada })).toMatchObject({ status: 200, caller: ada })
  expect(await ask('/driver/create_volume', { lambda: ada })).toMatchObject({ status: 403 })
  expect(await ask('/driver/get_manageable_volumes', { lambda: ada })).toMatchObject({
    status: 403,
    error: { remedy: 'It takes the role admin: ask an admin.' },
  })
  expect(await ask('/driver/get_pool', { lambda: { ...ada, role: 'root' } })).toMatchObject({ status: 401 })
})

test('who invokes the function itself is not asked', async () => {
  vi.stubEnv('IAM_ROLES', rolesSet)
  vi.resetModules()
  const { endpoint } = await import('../../lib/lambda/endpoint.ts')

  expect(await endpoint(async () => 'done')({}, aContext('create-volume'))).toBe('done')
})

test.each(['no JSON', '{"arn:aws:iam::1:user/a":"root"}', '{"ada":"admin"}', '[]'])(
  'with IAM_ROLES of %s nobody is let in',
  async (value) => {
    expect(await ask('/driver/get_pool', iam(operator), { IAM_ROLES: value })).toMatchObject({
      status: 502,
      error: { message: expect.stringContaining('IAM_ROLES') },
    })
  },
)
