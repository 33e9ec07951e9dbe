import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Caller } from '../../lib/auth/caller.ts'
import { limitedTo, permits, policy, ruleOf } from '../../lib/auth/policy.ts'
import { readService } from '../../local/service.ts'

const caller = (role: Caller['role'], project = 'p1'): Caller => ({
  user: 'u',
  project,
  role,
  isService: false,
})
const service = await readService(join(fileURLToPath(new URL('../..', import.meta.url)), 'serverless.yml'), {
  env: {},
  options: {},
})
const guarded = service.routes.filter(({ iam }) => iam).map(({ method, path }) => `${method} ${path}`)

test('every way in over HTTP is guarded by IAM, or is the API that checks by itself', () => {
  const others = service.routes.filter(({ iam }) => !iam).map(({ path }) => path)

  // `/{proxy+}` answers `/v3/` with the versions, and that there is nothing anywhere else.
  expect(others.filter((path) => !/^\/(v3(\/.*)?|docs|openapi\.json|\{proxy\+\})?$/.test(path))).toEqual([])
  expect(guarded.length).toBeGreaterThan(40)
})

test('who may only read changes nothing, and a member nothing that is not in a project', () => {
  const may = (one: Caller) => guarded.filter((route) => permits(one, ruleOf(route)))
  const own = [
    'GET /health',
    'GET /jobs',
    'GET /jobs/{id}',
    'GET /stats',
    'POST /driver/check_for_setup_error',
    'POST /driver/get_pool',
    'POST /driver/get_volume_stats',
    'POST /driver/validate_connector',
  ]
  const across = [
    'GET /backups',
    'GET /dead-letters',
    'GET /hosts',
    'POST /driver/get_manageable_snapshots',
    'POST /driver/get_manageable_volumes',
    'POST /driver/manage_existing_get_size',
    'POST /driver/manage_existing_snapshot_get_size',
  ]

  expect(may(caller('reader')).sort()).toEqual(own)
  expect(may(caller('member')).sort()).toEqual(own)
  expect(may(caller('reader', '*')).sort()).toEqual([...own, ...across].sort())
  expect(may(caller('admin'))).toEqual(guarded)
})

test('what nobody has thought of is for admins', () => {
  for (const route of ['POST /driver/invented', 'GET /invented', 'constructor', ''])
    expect(policy[ruleOf(route)]).toBe('admin')
})

test('a reader of the API reads, a member changes what is theirs, and the rest is for admins', () => {
  const allowed = (role: Caller['role']) =>
    Object.entries(policy)
      .filter(([, least]) => least === role)
      .map(([rule]) => rule)

  for (const rule of allowed('reader')) expect(rule).toMatch(/:(get|list|look|discover)$/)
  for (const rule of ['volume:reset_status', 'type:manage', 'quota:update', 'volume:force_delete'])
    expect(allowed('admin')).toContain(rule)
  expect(allowed('member')).toContain('volume:create')
})

test('one of a project sees its own things only', () => {
  expect(limitedTo(caller('reader'))).toBe('p1')
  expect(limitedTo(caller('member'))).toBe('p1')
  expect(limitedTo(caller('admin'))).toBeUndefined()
  expect(limitedTo(caller('reader', '*'))).toBeUndefined()
  expect(limitedTo(undefined)).toBeUndefined()
})
