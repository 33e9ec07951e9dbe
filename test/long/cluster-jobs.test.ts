import { afterAll, beforeAll, expect, test } from 'vitest'
import { ended, type System } from '../jobs/cluster-jobs.ts'
import { type Case, cases, left, prepare, run, submit, type Whole, whole } from '../jobs/laws.ts'
import { startJobs } from '../support/jobs.ts'

let system: System
beforeAll(async () => {
  system = await startJobs()
})
afterAll(() => system[Symbol.asyncDispose]())

const each = Object.entries(cases)

/** What a job leaves that did not succeed, when the trouble came at its n-th call. */
const unsuccessful = ({ before, after, calls }: Whole, { stays }: Case, n: number) => {
  const last = calls.findIndex(({ call }) => call === stays)
  return stays !== undefined && n > last ? [after] : n === last ? [before, after] : [before]
}

test.each(each)('%s, any answer lost', async (_, one) => {
  const { after, calls } = await whole(system, one)
  for (const [n, { call }] of calls.entries()) {
    await prepare(system, one)
    system.cluster.simulator.loseAnswer(n)
    expect(await run(system, one), `${n} ${call}`).toMatchObject({ status: 'succeeded' })
    expect(await left(system), `${n} ${call}`).toEqual(after)
  }
})

test.each(each)(
  '%s, the answer to any change lost, and StorPool away for a while: the step runs again',
  async (_, one) => {
    const { after, calls } = await whole(system, one)
    for (const [n, { call, method }] of calls.entries()) {
      if (method === 'GET') continue
      await prepare(system, one)
      const { simulator } = system.cluster
      simulator.loseAnswer(n)
      // More than one call tries by itself.
      simulator.fault({ match: '*', skip: n, times: 7, kind: 'transient' })
      expect(await run(system, one), `${n} ${call}`).toMatchObject({ status: 'succeeded' })
      expect(await left(system), `${n} ${call}`).toEqual(after)
    }
  },
)

test.each(each)('%s, refused for good at any call', async (_, one) => {
  const expected = await whole(system, one)
  for (const [n, { call }] of expected.calls.entries()) {
    await prepare(system, one)
    system.cluster.simulator.refuse(n, 'internalError')
    const { status } = await run(system, one)
    const found = await left(system)
    if (status === 'succeeded') expect(found, `${n} ${call}`).toEqual(expected.after)
    else expect(unsuccessful(expected, one, n), `${n} ${call}`).toContainEqual(found)
  }
})

test.each(each)('%s, cancelled during any call', async (_, one) => {
  const expected = await whole(system, one)
  for (const [n, { call }] of expected.calls.entries()) {
    await prepare(system, one)
    const { simulator } = system.cluster
    simulator.fault({ match: '*', skip: n, kind: 'transient', delayMs: 250 })
    const document = await submit(system, one)
    const running = ended(system, document)
    while (simulator.calls.length <= n) await new Promise((resolve) => setTimeout(resolve, 5))
    await system.records.change(document.id, { cancelRequested: true }, ['queued', 'running'])
    const { status } = await running
    const found = await left(system)
    if (status === 'succeeded') expect(found, `${n} ${call}`).toEqual(expected.after)
    else {
      expect(status, `${n} ${call}`).toBe('cancelled')
      // The step that is at work is done first: so may what is not undone.
      const { before, after } = expected
      expect(one.stays === undefined ? [before] : [before, after], `${n} ${call}`).toContainEqual(found)
    }
  }
})
