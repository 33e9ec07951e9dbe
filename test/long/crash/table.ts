import { expect } from 'vitest'
import type { CrashJob } from './job.ts'
import type { Place } from './place.ts'
import { type Ended, type Moment, type Outcome, round } from './round.ts'
import { assertSame } from './verdict.ts'
import { until } from './wait.ts'

/** What was seen of one job in one place: its moments in order, and what killing at each of them led to. */
export interface Seen {
  readonly moments: readonly string[]
  readonly cells: Map<string, string>
}
/** Tries to meet a job at a moment before that counts as a fault of this test. */
const tries = 4

export const cellOf = (at: string, side: string) => `${at}/${side}`
export const theMiddle = 'the middle'
const theSame = 'the same'

interface Meeting {
  readonly job: CrashJob
  readonly moment: Moment
}
const told = (wanted: readonly Meeting[]) =>
  wanted
    .map(
      ({ job, moment }) => `${job.name} at ${moment === theMiddle ? moment : cellOf(moment.at, moment.side)}`,
    )
    .join(', ')

const meet = async (place: Place, title: string, wanted: readonly Meeting[]): Promise<Ended[]> => {
  const begun = performance.now()
  const met: Ended[] = []
  let left = [...wanted]
  for (let i = 0; i < tries && left.length > 0; i += 1) {
    const ended = await round(place, left).catch((cause: Error) => {
      throw new Error(`${told(left)}: ${cause.message}`, { cause })
    })
    met.push(...ended.filter((one) => one.met))
    left = left.filter((_, index) => !ended[index]?.met)
  }
  const seconds = Math.round((performance.now() - begun) / 1000)
  console.log(`${title} killed in ${seconds} s: ${told(wanted)}`)
  expect(told(left), 'not met at their moments').toBe('')
  return met
}

export interface TableOptions {
  readonly sides: readonly ('before' | 'after')[]
  /** 1: at every moment; 4: at every fourth. */
  readonly every: number
  /** What is killed, for who watches. */
  readonly title: string
}

/** So many messages at once are taken from the queue, each by itself. */
const inFours = <T>(list: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(list.length / 4) }, (_, index) => list.slice(4 * index, 4 * index + 4))

/** Run each job undisturbed, then kill at each of the moments it came through, and in the middle of its bytes. */
export const crashTable = async (
  place: Place,
  jobs: readonly CrashJob[],
  { sides, every, title }: TableOptions,
): Promise<ReadonlyMap<string, Seen>> => {
  const undisturbed = await round(
    place,
    jobs.map((job) => ({ job })),
  )
  const seen = new Map<string, Seen>()
  for (const { job, moments } of undisturbed) seen.set(job.name, { moments, cells: new Map() })
  const expected = (job: CrashJob) => undisturbed.find((one) => one.job === job)?.outcome as Outcome
  for (const job of jobs) expect(expected(job).record, job.name).toMatchObject({ status: 'succeeded' })

  const most = Math.max(...undisturbed.map(({ moments }) => moments.length))
  for (let i = 0; i < most; i += every) {
    for (const side of sides) {
      const wanted = undisturbed.flatMap(({ job, moments }) => {
        const at = moments[i]
        return at === undefined ? [] : [{ job, moment: { at, side } }]
      })
      for (const some of i === 0 ? inFours(wanted) : [wanted]) {
        for (const ended of await meet(place, title, some)) {
          const { at = '' } = some.find(({ job }) => job === ended.job)?.moment ?? {}
          assertSame(expected(ended.job), ended, `killed at ${at}, ${side}`)
          seen.get(ended.job.name)?.cells.set(cellOf(at, side), theSame)
        }
      }
    }
  }
  // One after the other: beside others it would not be met between two of its bytes.
  for (const job of jobs.filter(({ moves }) => moves)) {
    for (const ended of await meet(place, title, [{ job, moment: theMiddle }])) {
      assertSame(expected(job), ended, 'killed in the middle')
      seen.get(job.name)?.cells.set(theMiddle, theSame)
    }
  }
  await until('the queues are empty', async () => ((await place.queued()) === 0 ? true : undefined), 200)
  return seen
}
