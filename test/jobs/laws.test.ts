import { afterAll, beforeAll, expect, test } from 'vitest'
import { startJobs } from '../support/jobs.ts'
import type { System } from './cluster-jobs.ts'
import { cases, left, prepare, run, whole } from './laws.ts'

let system: System
beforeAll(async () => {
  system = await startJobs()
})
afterAll(() => system[Symbol.asyncDispose]())

/** Some of it: every job, every call and every failure of one is tried in test/long. */
const some = (...names: string[]) => Object.entries(cases).filter(([name]) => names.includes(name))

const changes = (calls: readonly { method: string }[]) =>
  calls.flatMap(({ method }, n) => (method === 'POST' ? [n] : []))

test.each(some('clone-volume to another cluster', 'revert-volume'))(
  '%s, its answer lost at any change, ends as if nothing had happened',
  async (_, one) => {
    const { after, calls, record } = await whole(system, one)
    expect(record).toMatchObject({ status: 'succeeded' })

    for (const n of changes(calls)) {
      await prepare(system, one)
      system.cluster.simulator.loseAnswer(n)
      expect(await run(system, one), calls[n]?.call).toMatchObject({ status: 'succeeded' })
      expect(await left(system), calls[n]?.call).toEqual(after)
    }
  },
)

test.each(some('retype-volume', 'revert-volume', 'migrate-volume'))(
  '%s, refused for good at any change, leaves nothing of its own',
  async (_, one) => {
    const { before, after, calls } = await whole(system, one)

    for (const n of changes(calls)) {
      await prepare(system, one)
      system.cluster.simulator.refuse(n, 'internalError')
      const record = await run(system, one)
      expect(record, calls[n]?.call).toMatchObject({
        status: 'failed',
        error: { name: 'VolumeBackendError' },
      })
      const found = await left(system)
      const stays =
        n > calls.findIndex(({ call }) => call === (one.stays ?? 'none')) && one.stays !== undefined
      expect(found, calls[n]?.call).toEqual(stays ? after : before)
      if (stays) expect(record.result, calls[n]?.call).toHaveProperty('safetySnapshot.expiresAt')
    }
  },
)
