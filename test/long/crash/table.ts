import { expect } from 'vitest'
import { type Cell, cellsOf, nameOf, roundsOf, type Sides } from './cells.ts'
import type { CrashJob } from './job.ts'
import type { Place } from './place.ts'
import { type Ended, round } from './round.ts'
import { assertSame } from './verdict.ts'
import { until } from './wait.ts'

/** What was seen of one job in one place: its moments in order, and what killing at each of them led to. */
export interface Seen {
  readonly moments: readonly string[]
  readonly cells: Map<string, string>
}
/** Tries to meet a job at a moment before that counts as a fault of this test. */
const tries = 4
const theSame = 'the same'

const told = (wanted: readonly Cell[]) =>
  wanted.map(({ job, moment }) => `${job.name} at ${nameOf(moment)}`).join(', ')

/** @returns how each ended, in the order they are given in. */
const meet = async (place: Place, title: string, wanted: readonly Cell[]): Promise<Ended[]> => {
  const begun = performance.now()
  const met = new Map<Cell, Ended>()
  const left = () => wanted.filter((cell) => !met.has(cell))
  for (let i = 0; i < tries && left().length > 0; i += 1) {
    const now = left()
    const ended = await round(place, now).catch((cause: Error) => {
      throw new Error(`${told(now)}: ${cause.message}`, { cause })
    })
    for (const [index, cell] of now.entries()) if (ended[index]?.met) met.set(cell, ended[index])
  }
  const seconds = Math.round((performance.now() - begun) / 1000)
  console.log(`${title} killed in ${seconds} s: ${told(wanted)}`)
  expect(told(left()), 'not met at their moments').toBe('')
  return [...wanted].map((cell) => met.get(cell)!)
}

export interface TableOptions {
  readonly sides: Sides
  /** What was seen so far: it is added to. */
  readonly seen: Map<string, Seen>
  /** Runs when something was added. */
  readonly keep: () => void
  /** Which of a job's cells are run. */
  readonly choose: (job: CrashJob, cells: readonly Cell[]) => readonly Cell[]
  /** What is killed, for who watches. */
  readonly title: string
}

const left = (cells: readonly Cell[], seen: ReadonlyMap<string, Seen>): Cell[] =>
  cells.filter(({ job, moment }) => !seen.get(job.name)?.cells.has(nameOf(moment)))

/** Whether all cells of these jobs were run before. */
export const isDone = (
  jobs: readonly CrashJob[],
  { sides, seen }: Pick<TableOptions, 'sides' | 'seen'>,
): boolean =>
  jobs.every((job) => {
    const { moments } = seen.get(job.name) ?? {}
    return moments !== undefined && left(cellsOf(job, moments, sides), seen).length === 0
  })

/** Run each job undisturbed, then kill at the moments it came through, and in the middle of its bytes. */
export const crashTable = async (
  place: Place,
  jobs: readonly CrashJob[],
  { sides, choose, title, seen, keep }: TableOptions,
): Promise<void> => {
  const undisturbed = await round(
    place,
    jobs.map((job) => ({ job })),
  )
  for (const { job, moments, outcome } of undisturbed) {
    expect(outcome.record, job.name).toMatchObject({ status: 'succeeded' })
    seen.set(job.name, { moments, cells: seen.get(job.name)?.cells ?? new Map() })
  }
  const cells = undisturbed.flatMap(({ job, moments }) =>
    left(choose(job, cellsOf(job, moments, sides)), seen),
  )
  for (const some of roundsOf(cells)) {
    for (const [index, ended] of (await meet(place, title, some)).entries()) {
      const name = nameOf(some[index]!.moment)
      const expected = undisturbed.find(({ job }) => job === ended.job)
      assertSame(expected!.outcome, ended, `killed at ${name}`)
      seen.get(ended.job.name)?.cells.set(name, theSame)
    }
    keep()
  }
  await until('the queues are empty', async () => ((await place.queued()) === 0 ? true : undefined), 200)
}
