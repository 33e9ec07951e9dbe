import { afterAll, describe, expect, test } from 'vitest'
import { aFolder } from '../support/system.ts'
import { apart } from './crash/apart.ts'
import { jobs as allJobs } from './crash/jobs.ts'
import { type Place, wholeSystem } from './crash/place.ts'
import { report } from './crash/report.ts'
import { crashTable, type Seen } from './crash/table.ts'
import { prepare } from './crash/volumes.ts'

/**
 * `LONG_CRASH=retype-volume,revert-volume` takes jobs of these names alone, `LONG_CRASH=sample` every fourth moment; both
 * leave the page as it is.
 */
const some = process.env.LONG_CRASH?.split(',')
const names = some?.filter((word) => word !== 'sample') ?? []
const every = some?.includes('sample') ? 4 : 1
const jobs = allJobs.filter(({ name }) => names.length === 0 || names.includes(name))
/** What runs beside each other. */
const groups = [
  jobs.filter(({ alone }) => !alone),
  ...jobs.filter(({ alone }) => alone).map((job) => [job]),
].filter(({ length }) => length > 0)
const ways = {
  system: { start: wholeSystem, sides: ['before', 'after'] },
  agent: { start: apart, sides: ['after'] },
} as const
const seen = new Map<string, ReadonlyMap<string, Seen>>()

const killedThroughout = async (name: keyof typeof ways) => {
  await using folder = await aFolder()
  const { start, sides } = ways[name]
  const place: Place = await start(folder.path)
  try {
    await prepare(place)
    for (const job of jobs) await job.once?.(place)
    const found = new Map<string, Seen>()
    for (const group of groups)
      for (const [job, what] of await crashTable(place, group, { sides, every, title: name }))
        found.set(job, what)
    const count = [...found.values()].reduce((sum, { cells }) => sum + cells.size, 0)
    console.log(`${name}: ${jobs.length} jobs killed at ${count} moments`)
    expect(count).toBeGreaterThan(0)
    seen.set(name, found)
  } finally {
    await place.stop()
  }
}

describe.concurrent('jobs end as if nothing had happened when it is killed at every moment of theirs', () => {
  test('the whole system', { timeout: 30 * 60_000 }, () => killedThroughout('system'))
  test('the agent alone', { timeout: 30 * 60_000 }, () => killedThroughout('agent'))
})

afterAll(() => {
  const [system, agent] = [seen.get('system'), seen.get('agent')]
  if (some === undefined && system !== undefined && agent !== undefined) report(jobs, system, agent)
})
