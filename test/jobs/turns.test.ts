import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type JobSystem, startJobSystem } from '../support/job-system.ts'

let system: JobSystem
beforeAll(async () => {
  system = await startJobSystem({ tasks: 2 })
})
afterAll(() => system[Symbol.asyncDispose]())

const soon = { timeout: 20_000, interval: 50 }

test('as many jobs as a host takes are at work on it; the others stand in line, and follow in its order', async () => {
  const { gate, submit, job, call } = system
  const ids: string[] = []
  for (let n = 0; n < 5; n++) {
    const id = await submit()
    ids.push(id)
    await vi.waitFor(async () => expect((await job(id)).step).toMatch(n < 2 ? 'gate' : 'turn'), soon)
  }
  const [first, second, third, fourth, fifth] = ids as [string, string, string, string, string]
  const aheadOf = async (id: string) => (await job(id)).waiting

  await vi.waitFor(async () => expect(await aheadOf(fifth)).toEqual({ host: 'host-1', ahead: 3 }), soon)
  expect([await aheadOf(first), await aheadOf(third)]).toEqual([undefined, { host: 'host-1', ahead: 1 }])
  expect(await job(fourth)).toMatchObject({ step: "wait for host-1's turn", status: 'running' })

  // Who leaves the line, wherever in it, moves the others up.
  await call(`/jobs/${fourth}/cancel`, {})
  await vi.waitFor(async () => expect((await job(fourth)).status).toBe('cancelled'), soon)
  expect(await aheadOf(fifth)).toEqual({ host: 'host-1', ahead: 2 })
  expect(gate.arrived).toEqual([first, second])

  await system.letThrough(second)
  await vi.waitFor(() => expect(gate.arrived).toEqual([first, second, third]), soon)
  gate.open.add('all')
  await vi.waitFor(async () => expect((await job(fifth)).status).toBe('succeeded'), soon)
  expect(gate.arrived).toEqual([first, second, third, fifth])
  const { steps } = await job(fifth)
  expect(steps.map(({ name }: { name: string }) => name)).toEqual([
    "wait for host-1's turn",
    'make',
    'look',
    'gate',
  ])
  for (const { startedAt, endedAt } of steps) expect(startedAt <= endedAt).toBe(true)
})
