import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiRoutes } from '../../build/openapi/routes.ts'
import { volumeActions } from '../../lib/api/actions/table.ts'
import { actionAnswers } from '../../lib/api/answers/actions.ts'
import { answers } from '../../lib/api/answers/table.ts'
import { NEWEST } from '../../lib/api/version.ts'
import { wrongAnswer } from '../support/answers.ts'
import { type BlockStorageSystem, project, startBlockStorage } from '../support/block-storage.ts'

const roles = ['admin', 'member'] as const
const tokens = Object.fromEntries(roles.map((role) => [`token-of-a-${role}`, { user: role, project, role }]))
const by = (role: (typeof roles)[number], version: number) => ({
  ...{ role, version },
  headers: { 'x-auth-token': `token-of-a-${role}` },
})
const asAdmin = by('admin', NEWEST)

let system: BlockStorageSystem
beforeAll(async () => {
  system = await startBlockStorage({ CINDERLESS_AUTH: 'static', AUTH_TOKENS: JSON.stringify(tokens) })
})
afterAll(() => system?.[Symbol.asyncDispose]())

test('every call says what it answers, and nothing else does', () => {
  const calls = apiRoutes.map(({ method, path }) => `${method} ${path}`)
  const said = [...Object.keys(answers), 'POST volumes/{id}/action']
  expect(said.sort()).toEqual([...new Set(calls)].sort())
  expect(Object.keys(actionAnswers).filter((name) => volumeActions[name] === undefined)).toEqual([])
})

/** One of everything, and what is answered of it. */
const reads = async (): Promise<string[]> => {
  const volume = await system.aVolume({ name: 'one', metadata: { a: 'b' } }, asAdmin)
  const { body: snapped } = await system.call(
    'POST',
    '/snapshots',
    { snapshot: { volume_id: volume.id, metadata: { a: 'b' } } },
    asAdmin,
  )
  const connector = { host: 'host-1' }
  const { body: attached } = await system.call(
    'POST',
    '/attachments',
    { attachment: { volume_uuid: volume.id, connector } },
    asAdmin,
  )
  await system.call('POST', `/attachments/${attached.attachment.id}/action`, { 'os-complete': {} }, asAdmin)
  const { body: typed } = await system.call(
    'POST',
    '/types',
    { volume_type: { name: 'nowhere', extra_specs: { volume_backend_name: 'none' } } },
    asAdmin,
  )
  await system.aVolume({ volume_type: 'nowhere' }, asAdmin)
  const { messages } = (await system.call('GET', '/messages', undefined, asAdmin)).body
  expect(messages).not.toEqual([])
  return [
    ...['/volumes', '/volumes/detail', '/volumes/detail?limit=1&with_count=true', '/volumes/summary'],
    ...[`/volumes/${volume.id}`, `/volumes/${volume.id}/metadata`, `/volumes/${volume.id}/metadata/a`],
    ...['/snapshots?limit=1', '/snapshots/detail?with_count=1', `/snapshots/${snapped.snapshot.id}`],
    ...['/attachments', '/attachments/detail', `/attachments/${attached.attachment.id}`],
    ...['/types?limit=1', '/types/default', `/types/${typed.volume_type.id}`],
    ...[`/types/${typed.volume_type.id}/extra_specs`, `/types/${typed.volume_type.id}/encryption`],
    ...['/messages?limit=1', `/messages/${messages[0].id}`, '/limits', `/os-quota-sets/${project}`],
    ...[`/os-quota-sets/${project}?usage=true`, '/os-quota-class-sets/default', '/os-services', '/os-hosts'],
    ...['/os-hosts/cinderless@default', '/scheduler-stats/get_pools?detail=true', '/extensions'],
    ...['/capabilities/cinderless@default', '/resource_filters', '/os-availability-zone', '/qos-specs'],
    ...['/manageable_volumes/detail?host=cinderless@default', '/volume-transfers/detail'],
  ]
}

/** The versions in which something about an answer changes, and the one before each. */
const versions = [
  ...new Set(
    [3, 7, 8, 12, 13, 14, 21, 27, 33, 36, 41, 45, 48, 49, 61, 63, 65, 69].flatMap((n) => [n - 1, n]),
  ),
  NEWEST,
]

test('what is read is as it is described, at each version and for each role', async () => {
  const paths = await reads()
  const statuses = new Set<number | undefined>()
  for (const path of paths) {
    for (const version of versions) {
      for (const role of roles) {
        statuses.add((await system.call('GET', path, undefined, by(role, version))).status)
      }
    }
    // At the newest, whoever may do all gets all of it.
    expect([path, (await system.call('GET', path, undefined, asAdmin)).status]).toEqual([path, 200])
  }
  expect(statuses).toEqual(new Set([200, 403, 404]))
})

const exchange = {
  ...{ method: 'GET', path: '/volumes/summary', asked: undefined, status: 200 },
  role: undefined,
}

test.each([
  [36, { total_count: 1, total_size: 1, metadata: {} }, undefined],
  [35, { total_count: 1, total_size: 1 }, undefined],
  [35, { total_count: 1, total_size: 1, metadata: {} }, 'metadata is there before 3.36'],
  [36, { total_count: 1, total_size: 1 }, 'metadata is missing'],
  [35, { total_count: 1, total_size: 1, wings: 2 }, 'Unrecognized key: "wings"'],
  [35, { total_count: '1', total_size: 1 }, 'expected number'],
])('at 3.%i an answer with %j is told from one that is described', (version, summary, said) => {
  const wrong = wrongAnswer({ ...exchange, version, body: { 'volume-summary': summary } })
  expect(wrong ?? 'nothing').toContain(said ?? 'nothing')
})
