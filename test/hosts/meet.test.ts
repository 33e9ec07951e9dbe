import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NamedHost } from '../../lib/driver/backend.ts'
import { type Meeting, meet, noteSilence } from '../../lib/hosts/meet.ts'
import { listHosts } from '../../lib/hosts/read.ts'
import type { HostRecords } from '../../lib/hosts/record.ts'
import { hostRecords } from '../../lib/store/hosts.ts'
import { startTable } from '../support/table.ts'

let storage: Awaited<ReturnType<typeof startTable>>
let records: HostRecords
beforeAll(async () => {
  storage = await startTable()
  records = hostRecords(storage.table)
})
afterAll(() => storage[Symbol.asyncDispose]())

const agent = 'https://10.0.0.5:9161'
const noon = '2026-11-22T12:00:00.000Z'

/** An agent that answers so, at this time. */
const saying = (host: string, clientId: number, now = noon, change = {}): Meeting => ({
  records,
  health: async () => ({ host, clientId, version: '0.1.0', ok: true, missing: [], ...change }),
  now: () => now,
})
const wrongWith = async (host: NamedHost) => (await listHosts([host], records)).hosts[0]?.wrong

test('a host whose client id nobody typed has the one that its agent says', async () => {
  await expect(meet(saying('alpha', 7), { name: 'alpha', agent })).resolves.toEqual({
    name: 'alpha',
    agent,
    clientId: 7,
  })

  expect(await records.read('alpha')).toEqual({
    name: 'alpha',
    version: 1,
    clientId: 7,
    agent,
    said: { host: 'alpha', clientId: 7, version: '0.1.0', ok: true, missing: [] },
    seenAt: noon,
  })
})

test('another client id than was learned is refused with both, until the configuration says which is right', async () => {
  const host = { name: 'beta', agent }
  await meet(saying('beta', 7), host)

  await expect(meet(saying('beta', 8), host)).rejects.toMatchObject({
    name: 'UnknownHost',
    message: `the agent of beta at ${agent} says that it is host beta, client 8, and not client 7 by what it said before`,
    remedy: 'If 8 is right, give beta "clientId": 8 in HOSTS; else correct SP_OURID on the host.',
  })
  expect(await records.read('beta')).toMatchObject({ clientId: 7, said: { clientId: 8 } })
  expect(await wrongWith(host)).toEqual([expect.stringContaining('client 8, and not client 7')])

  await expect(meet(saying('beta', 8), { ...host, clientId: 8 })).resolves.toMatchObject({ clientId: 8 })
  await expect(meet(saying('beta', 8), host)).resolves.toMatchObject({ clientId: 8 })
  expect(await wrongWith(host)).toEqual([])
})

test('another client id than the configuration says is refused, and not learned', async () => {
  const host = { name: 'gamma', clientId: 3, agent }

  await expect(meet(saying('gamma', 4), host)).rejects.toMatchObject({
    name: 'UnknownHost',
    message: expect.stringContaining('client 4, and not client 3 by the configuration'),
  })
  expect((await records.read('gamma'))?.clientId).toBeUndefined()
})

test('an address that answers as another host is refused, whatever the client id', async () => {
  await expect(meet(saying('other', 3), { name: 'delta', clientId: 3, agent })).rejects.toMatchObject({
    name: 'UnknownHost',
    message: expect.stringContaining('host other, client 3, and not host delta'),
    remedy: expect.stringContaining('Correct the address of delta'),
  })
})

test('what was said at one address is not held against another', async () => {
  const moved = { name: 'epsilon', clientId: 4, agent: 'https://10.0.0.6:9161' }
  await meet(saying('other', 3), { name: 'epsilon', agent }).catch(() => 'refused')

  expect(await wrongWith(moved)).toEqual([])
  await expect(meet(saying('epsilon', 4), moved)).resolves.toMatchObject({ clientId: 4 })
})

test('who meets a host at once with others learns the same, and the record says it once', async () => {
  const host = { name: 'zeta', agent }

  const all = await Promise.all(Array.from({ length: 30 }, () => meet(saying('zeta', 9), host)))

  expect(new Set(all.map(({ clientId }) => clientId))).toEqual(new Set([9]))
  expect(await records.read('zeta')).toMatchObject({ version: 1, clientId: 9 })
})

test('of two client ids that are said at once, one is learned and the other refused', async () => {
  const host = { name: 'eta', agent }

  const both = await Promise.allSettled([meet(saying('eta', 1), host), meet(saying('eta', 2), host)])

  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('that a host was seen is written down once in a minute, and what is new at once', async () => {
  const host = { name: 'theta', agent }
  await meet(saying('theta', 5), host)

  await meet(saying('theta', 5, '2026-11-22T12:00:59.000Z'), host)
  expect(await records.read('theta')).toMatchObject({ version: 1, seenAt: noon })
  await meet(saying('theta', 5, '2026-11-22T12:01:00.000Z'), host)
  expect(await records.read('theta')).toMatchObject({ version: 2, seenAt: '2026-11-22T12:01:00.000Z' })
  await meet(saying('theta', 5, '2026-11-22T12:01:01.000Z', { version: '0.2.0' }), host)
  expect(await records.read('theta')).toMatchObject({ version: 3, said: { version: '0.2.0' } })
})

test('silence is told until the agent is heard again, and takes nothing away that was learned', async () => {
  const host = { name: 'iota', agent }
  await meet(saying('iota', 6), host)

  await noteSilence(saying('iota', 6), host, 'The agent did not answer')
  const [view] = (await listHosts([host], records)).hosts
  expect(view).toMatchObject({ clientId: 6, seenAt: noon, wrong: [`at ${noon}: The agent did not answer`] })

  await meet(saying('iota', 6), host)
  expect(await wrongWith(host)).toEqual([])
})

test('a list of hosts says what somebody should look at', async () => {
  const lacking = { ok: false, missing: ['qemu-img is missing, so no image can be copied'] }
  const kappa = { name: 'kappa', agent }
  await meet(saying('kappa', 11, noon, lacking), kappa)

  const { hosts } = await listHosts([{ name: 'mu', clientId: 11 }, kappa, { name: 'lambda', agent }], records)

  expect(hosts).toEqual([
    {
      name: 'kappa',
      clientId: 11,
      agent,
      version: '0.1.0',
      seenAt: noon,
      wrong: [
        'its agent cannot write its journal, and takes no new work',
        'qemu-img is missing, so no image can be copied',
        'it has the client id of mu',
      ],
    },
    {
      name: 'lambda',
      clientId: null,
      agent,
      version: null,
      seenAt: null,
      wrong: ['its agent was not asked yet, and nobody else says its client id'],
    },
    {
      name: 'mu',
      clientId: 11,
      agent: null,
      version: null,
      seenAt: null,
      wrong: ['it has the client id of kappa'],
    },
  ])
})
