import { expect, test, vi } from 'vitest'
import { startJobSystem } from '../support/job-system.ts'

const COUNT = 400
const CLIENTS = 16

test('hundreds of jobs at once: each is done, none twice, and the line of their host is empty afterwards', async () => {
  await using system = await startJobSystem({ tasks: 64 })
  system.gate.open.add('all')
  const began = performance.now()
  const ids: string[] = []
  let next = 0
  const client = async () => {
    while (next++ < COUNT) ids.push(await system.submit())
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))

  const succeeded = async () => (await system.call('/jobs?status=succeeded&limit=1000')).jobs.length
  await vi.waitFor(async () => expect(await succeeded()).toBe(COUNT), { timeout: 600_000, interval: 1000 })
  const seconds = (performance.now() - began) / 1000
  console.log(
    `${COUNT} jobs of two StorPool calls in a host's line: ${(COUNT / seconds).toFixed(1)} per second`,
  )

  expect(new Set(ids).size).toBe(COUNT)
  expect(system.gate.arrived.toSorted()).toEqual(ids.toSorted())
  expect([system.queues.depth('JobsQueue'), system.queues.depth('JobsDeadLetters')]).toEqual([0, 0])
  expect(await system.lines()).toEqual([])
})
