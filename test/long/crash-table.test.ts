import { afterAll, describe, expect, test } from 'vitest'
import { aFolder } from '../support/system.ts'
import { apart } from './crash/apart.ts'
import { type Cell, drawn } from './crash/cells.ts'
import type { CrashJob } from './crash/job.ts'
import { jobs as allJobs, groupsOf } from './crash/jobs.ts'
import { keptIn } from './crash/kept.ts'
import { type Place, wholeSystem } from './crash/place.ts'
import { report } from './crash/report.ts'
import { theMiddle } from './crash/round.ts'
import { crashTable, isDone } from './crash/table.ts'
import { prepare } from './crash/volumes.ts'
import { report as said, seed } from './settings.ts'

/**
 * `LONG_CRASH=all` runs every cell and writes the page; `LONG_CRASH=retype-volume,revert-volume` every cell of jobs of
 * these names. Else it is a sample of what is costly: of jobs on a host `LONG_CRASH_CELLS` in each way of killing, and
 * of the middles of copies one in each group. Both leave the page as it is. What was seen is kept in the file
 * `LONG_CRASH_SEEN`, where one is named, and not run again by the next run: all cells take a busy machine an hour.
 */
const asked = process.env.LONG_CRASH ?? ''
const names = asked.split(',').filter((word) => word !== '' && word !== 'all')
const sample = asked === '' ? Number(process.env.LONG_CRASH_CELLS ?? 2) : undefined
const jobs = allJobs.filter(({ name }) => names.length === 0 || names.includes(name))
const { seen, keep } = keptIn(process.env.LONG_CRASH_SEEN)

const choosing = (group: readonly CrashJob[], salt: number) => {
  const movers = group.filter(({ moves }) => moves)
  const [amid] = drawn(movers, 1, seed + salt)
  return (job: CrashJob, cells: readonly Cell[]): readonly Cell[] => {
    if (sample === undefined || !job.onHost) return cells
    const others = cells.filter(({ moment }) => moment !== theMiddle)
    const chosen = drawn(others, sample, seed + salt + movers.indexOf(job))
    return job === amid ? [...chosen, ...cells.filter(({ moment }) => moment === theMiddle)] : chosen
  }
}

const killedThroughout = async (
  way: 'system' | 'agent',
  start: (folder: string) => Promise<Place>,
  some: readonly CrashJob[],
) => {
  const sides = way === 'system' ? (['before', 'after'] as const) : (['after'] as const)
  const options = { sides, title: way, seen: seen[way], keep }
  const groups = groupsOf(some).filter((group) => !isDone(group, options))
  if (groups.length === 0) return
  await using folder = await aFolder()
  const place = await start(folder.path)
  try {
    await prepare(place)
    for (const job of some) await job.once?.(place)
    for (const [index, group] of groups.entries()) {
      const choose = choosing(group, 1000 * index + way.length)
      await crashTable(place, group, { ...options, choose })
    }
  } finally {
    await place.stop()
  }
  const count = some.reduce((sum, { name }) => sum + (seen[way].get(name)?.cells.size ?? 0), 0)
  said(`crash table, ${way}`, { jobs: some.length, cells: count, of: asked === '' ? 'a sample' : 'all' })
  expect(count).toBeGreaterThan(0)
}

const inside = jobs.filter(({ outside }) => !outside)
const outside = jobs.filter((job) => job.outside)

describe.concurrent('jobs end as if nothing had happened when it is killed at every moment of theirs', () => {
  const timeout = 60 * 60_000
  test('the whole system', { timeout }, async () => {
    await killedThroughout('system', wholeSystem, inside)
    await killedThroughout('system', (folder) => apart(folder, { kills: 'both' }), outside)
  })
  test('the agent alone', { timeout }, () => killedThroughout('agent', apart, jobs))
})

afterAll(() => {
  if (asked === 'all') report(jobs, seen)
})
