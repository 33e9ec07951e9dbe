import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aFolder } from '../support/system.ts'
import { type Apart, apart } from './crash/apart.ts'
import { contentOf, fill } from './crash/bytes.ts'
import type { CrashJob } from './crash/job.ts'
import { jobs as allJobs, groupsOf } from './crash/jobs.ts'
import { holdingLock } from './crash/lock.ts'
import { bucket } from './crash/outside.ts'
import { object } from './crash/outside-jobs.ts'
import { callOfAgent, callOfStore, type ProxyFault, proxyFaults, startProxy } from './crash/proxy.ts'
import { type Course, type Ended, type Outcome, round } from './crash/round.ts'
import { recordOf } from './crash/submit.ts'
import { assertFailedCleanly, assertSame } from './crash/verdict.ts'
import { noise, oldDigest, prepare } from './crash/volumes.ts'
import { until } from './crash/wait.ts'
import { seed } from './settings.ts'

/**
 * Faults between functions, StorPool, the agent, Glance and a bucket. A job goes on as if nothing had happened, or fails in
 * words that name the thing and the remedy, and leaves nothing.
 */
const MiB = 1024 ** 2
/** Each fault meets every job, which takes about a minute: one of each kind is drawn unless all are asked for. */
const isAll = process.env.LONG_FAULTS === 'all'
const drawn = <T>(all: readonly T[]): readonly T[] => (isAll ? all : [all[seed % all.length]!])
const named = (...names: string[]) => allJobs.filter(({ name }) => names.includes(name))
const inside = groupsOf(allJobs.filter(({ onHost, outside }) => onHost && !outside))
const outside = groupsOf(allJobs.filter((job) => job.outside && !job.alone))

let folder: Awaited<ReturnType<typeof aFolder>>
let proxies: Record<'agent' | 'glance' | 's3', Awaited<ReturnType<typeof startProxy>>>
let place: Apart
const groups = groupsOf(allJobs)

const run = (group: readonly CrashJob[], course: Course = {}) =>
  round(
    place,
    group.map((job) => ({ job })),
    course,
  )
/** What is waited for while an agent moves a job's bytes. */
const work = ({ kind }: CrashJob) => (kind === 'copy-volume-to-image' ? 'upload' : kind.split('-')[0])

beforeAll(async () => {
  folder = await aFolder()
  proxies = {
    agent: await startProxy(callOfAgent),
    glance: await startProxy(callOfStore),
    s3: await startProxy(callOfStore),
  }
  place = await apart(folder.path, { through: (name, url) => proxies[name].through(url) })
  await prepare(place)
  for (const job of allJobs) await job.once?.(place)
}, 300_000)

const undisturbed = new Map<string, Outcome>()
/** Run jobs where nothing goes wrong, once. @returns StorPool's calls. */
const learn = async (group: readonly CrashJob[]): Promise<string[]> => {
  await place.simulate('reset', {})
  let log: { call: string }[] = []
  const end = async () => {
    log = await place.simulate('log')
  }
  for (const { job, outcome } of await run(group, { end })) {
    expect(outcome.record, job.name).toMatchObject({ status: 'succeeded' })
    undisturbed.set(job.name, outcome)
  }
  return [...new Set(log.map(({ call }) => call))].toSorted()
}
const assertAllSame = async (ended: readonly Ended[], where: string) => {
  const unknown = ended.map(({ job }) => job).filter(({ name }) => !undisturbed.has(name))
  if (unknown.length > 0) await learn(unknown)
  for (const one of ended) assertSame(undisturbed.get(one.job.name)!, one, where)
}
afterAll(async () => {
  await place?.stop()
  for (const proxy of Object.values(proxies)) await proxy.close()
  await folder[Symbol.asyncDispose]()
}, 60_000)

/** @returns how many calls met the fault. */
const meeting = async (
  proxy: (typeof proxies)['agent'],
  fault: ProxyFault,
  group: readonly CrashJob[],
  meant?: (name: string) => boolean,
): Promise<number> => {
  let hits = 0
  const begin = async () => proxy.meet(fault, meant)
  const end = async () => {
    hits = proxy.hit.size
    proxy.meet(undefined)
  }
  await assertAllSame(await run(group, { begin, end }), fault)
  return hits
}

describe('between functions and the agent: the first call of each kind for each job', () => {
  test.each(drawn(Object.keys(proxyFaults) as ProxyFault[]))('%s', async (fault) => {
    for (const group of inside)
      expect(await meeting(proxies.agent, fault, group)).toBeGreaterThanOrEqual(group.length * 2)
  })
})

describe('between Glance and a bucket on one side, functions and the agent on the other', () => {
  /** An agent waits for a minute each time. */
  const isLong = (name: string) => name.startsWith('PUT') || name.startsWith('POST /v2/images')
  describe.each(['glance', 's3'] as const)('the first call of each kind for each object: %s', (name) => {
    test.each(drawn(Object.keys(proxyFaults) as ProxyFault[]))('%s', async (fault) => {
      const isLate = proxyFaults[fault].by === 'late'
      for (const group of outside) {
        const mine = group.filter((job) => job.name.endsWith(name))
        const hits = await meeting(proxies[name], fault, mine, isLate ? isLong : undefined)
        expect(hits).toBeGreaterThanOrEqual(isLate ? 1 : 2)
      }
    })
  })
})

/** StorPool's calls of each group. */
const calls = new Map<readonly CrashJob[], string[]>()
const storpoolFaults = {
  'refused for now': { kind: 'transient' },
  'cut before it is there': { kind: 'reset' },
  'carried out, its answer lost': { kind: 'resetAfterCommit' },
  'answered by a page of a proxy, and not carried out': { kind: 'html' },
  'carried out, and answered by a page of a proxy': { kind: 'html', commit: true },
  'carried out, and answered with nothing': { kind: 'empty' },
} as const

describe('between functions and StorPool: each call, as often as there are jobs', () => {
  test.each(drawn(Object.entries(storpoolFaults)))('%s', async (what, fault) => {
    for (const group of groups) {
      const known = calls.get(group) ?? (await learn(group))
      calls.set(group, known)
      const begin = async () => {
        for (const match of known) await place.simulate('fault', { match, times: group.length, ...fault })
      }
      await assertAllSame(await run(group, { begin, end: () => place.simulate('reset', {}) }), what)
    }
  })

  test.runIf(isAll)('an attachment that is made, and never answered', async () => {
    const [group = []] = inside
    const fault = { match: 'VolumesReassignWait', kind: 'hang', times: group.length }
    const begin = () => place.simulate('fault', fault)
    await assertAllSame(await run(group, { begin, end: () => place.simulate('reset', {}) }), 'never answered')
  })
})

test.runIf(isAll)('an agent that is gone for a minute, while it moves bytes', async () => {
  for (const group of [...inside.slice(0, 1), ...outside]) {
    const seen = await round(
      place,
      group.map((job) => ({ job, moment: { at: `${work(job)}: wait`, side: 'after' } })),
      { strike: () => place.away(60_000) },
    )
    await assertAllSame(seen, 'gone for a minute')
  }
})

const noRoom = { name: 'InsufficientCapacity', remedy: expect.stringContaining('Make room') }

test('a disk that is full: on the host, and where images and backups are', async () => {
  const some = named(
    ...['copy-volume-to-image', 'backup-volume', 'copy-image-to-volume-from-glance'],
    ...['copy-image-to-volume-from-s3', 'copy-volume-to-image-to-glance', 'copy-volume-to-image-to-s3'],
  ).map((job): CrashJob => {
    if (job.kind !== 'backup-volume') return job
    // What others have backed up takes no room.
    const fresh = (id: string) => fill(place, { id }, 800 * MiB, randomBytes(32 * MiB))
    const prepareFresh: CrashJob['prepare'] = async (there, id) => {
      const input = await job.prepare(there, id)
      await fresh(id)
      return input
    }
    return { ...job, prepare: prepareFresh }
  })
  for (const group of groupsOf(some)) {
    const begin = async () => place.limitFiles(8 * MiB)
    const end = async () => place.limitFiles('unlimited')
    for (const one of await run(group, { begin, end })) assertFailedCleanly(one, noRoom, 'a full disk')
  }
  expect((await readdir(place.images)).filter((name) => name.includes('copy'))).toEqual([])
})

test.runIf(isAll)('a repository that somebody has locked for longer than an agent waits', async () => {
  for (const job of named('backup-volume', 'restore-backup', 'delete-backup')) {
    let lock: Awaited<ReturnType<typeof holdingLock>> | undefined
    const seen = run([job], {
      // After what is prepared, which needs the repository, too.
      begin: async () => {
        lock = await holdingLock(place.repository)
      },
      asked: async ([id = '']) => {
        const isTold = async () => {
          const { status, error } = await recordOf(place, id)
          if (status !== 'queued' && status !== 'running') throw new Error(`${job.name} is ${status} already`)
          return (error as { details?: { agent?: string } } | null)?.details?.agent === 'repository_locked'
        }
        await until('the job says why it waits', async () => ((await isTold()) ? true : undefined), 100)
        await lock?.[Symbol.asyncDispose]()
      },
    })
    await assertAllSame(await seen, 'locked')
  }
})

test('an image that is replaced while it is fetched is not copied, and the volume is as it was', async () => {
  const { store } = place.outside.s3
  const job = named('copy-image-to-volume-from-s3').map(
    (one): CrashJob => ({
      ...one,
      clean: async (there, id, record) => {
        expect(await contentOf(there, { id })).toBe(oldDigest)
        await one.clean(there, id, record)
      },
    }),
  )
  const other = Buffer.from(noise.toReversed())
  const [seen] = await run(job, {
    begin: async () =>
      proxies.s3.meet(
        'carried out, its answer cut in the middle',
        (name) => name.startsWith('GET'),
        () => void store.putObject(bucket, object, other),
      ),
    end: async () => {
      proxies.s3.meet(undefined)
      store.putObject(bucket, object, noise)
    },
  })
  assertFailedCleanly(
    seen!,
    { name: 'InvalidInput', details: { agent: 'digest_mismatch' }, remedy: expect.any(String) },
    'replaced',
  )
})
