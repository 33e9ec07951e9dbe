import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { basic } from '../../lib/auth/basic.ts'
import { hashPassword } from '../../lib/auth/password.ts'

const soon = () => Date.now() + 5_000
const shown = (user: string, password: string, pathProject?: string) => ({
  headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
  pathProject,
})
const plugin = (users: unknown) =>
  basic({
    setting: 'AUTH_USERS',
    read: async () => (typeof users === 'string' ? users : JSON.stringify(users)),
  })

let password: string
beforeAll(async () => {
  password = await hashPassword('pass: wört')
})

test('a user with the right password is who they say', async () => {
  const known = plugin({ ada: { password, project: 'p1', role: 'member' } })
  const ada = { user: 'ada', project: 'p1', role: 'member', isService: false }

  expect(await known.authenticate(shown('ada', 'pass: wört'), soon())).toEqual(ada)
  expect(await known.authenticate(shown('ada', 'pass: wört'), soon()), 'asked again').toEqual(ada)
})

test('nobody else is known', async () => {
  const known = plugin({ ada: { password, project: 'p1', role: 'member' } })

  expect(await known.authenticate(shown('ada', 'pass'), soon())).toBeUndefined()
  expect(await known.authenticate(shown('ada', 'pass'), soon()), 'asked again').toBeUndefined()
  expect(await known.authenticate(shown('Ada', 'pass: wört'), soon())).toBeUndefined()
  expect(await known.authenticate(shown('constructor', 'pass: wört'), soon())).toBeUndefined()
  expect(await known.authenticate(shown('ada', ''), soon())).toBeUndefined()
  for (const headers of [
    {},
    { authorization: 'Basic' },
    { authorization: 'Basic ???' },
    { authorization: 'Bearer x' },
  ])
    expect(await known.authenticate({ headers }, soon())).toBeUndefined()
})

test('who looks after all projects is in the one that is asked for', async () => {
  const known = plugin({ eye: { password, project: '*', role: 'reader' } })

  expect(await known.authenticate(shown('eye', 'pass: wört', 'p7'), soon())).toMatchObject({ project: 'p7' })
  expect(await known.authenticate(shown('eye', 'pass: wört'), soon())).toMatchObject({ project: '*' })
})

test.each([
  ['a password in clear', 'hidden'],
  ['another hash', '$2b$12$hiddenhiddenhiddenhidden'],
  [
    'a cost nobody can pay',
    '$scrypt$ln=30,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$hiddenhiddenhiddenhiddenhiddenhiddenhiddenhidden',
  ],
  [
    'a cost that protects nothing',
    '$scrypt$ln=1,r=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$hiddenhiddenhiddenhiddenhiddenhiddenhiddenhidden',
  ],
])('a list with %s lets nobody in, and is not repeated', async (_, hash) => {
  const known = plugin({ ada: { password: hash, project: 'p1', role: 'member' } })

  const refusal = known.authenticate(shown('ada', 'hidden'), soon())

  await expect(refusal).rejects.toThrow('password of an entry: must be a line that npm run password prints')
  await expect(refusal).rejects.not.toThrow('hidden')
})

test('the command prints what stands for a password', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const run = (input: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'cli/password.ts'), ...args], { input, encoding: 'utf8' })

  const said = run('pass: wört\nwhat follows\n')
  expect(said).toMatchObject({ status: 0, stderr: '' })
  const known = plugin({ ada: { password: said.stdout.trim(), project: 'p1', role: 'admin' } })
  expect(await known.authenticate(shown('ada', 'pass: wört'), soon())).toMatchObject({ role: 'admin' })
  expect(run('\n')).toMatchObject({ status: 2, stdout: '' })
  expect(run('', '--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('AUTH_USERS') })
})
