import { expect } from 'vitest'
import type { CrashJob } from './job.ts'
import type { Place } from './place.ts'
import { type Ended, type Moment, type Outcome, round, until } from './round.ts'

/** What was seen of one job in one place: its moments in order, and what killing at each of them led to. */
export interface Seen {
  readonly moments: readonly string[]
  readonly cells: Map<string, string>
}
/** Tries to meet a job at a moment before that counts as a fault of this test. */
const tries = 4

export const cellOf = (at: string, side: string) => `${at}/${side}`
export const theMiddle = 'the middle'

/** Nothing of a crash may show afterwards. */
const verdict = (undisturbed: Outcome, { outcome, job }: Ended, where: string): string => {
  expect(outcome, `${job.name}, ${where}`).toEqual(undisturbed)
  return 'the same'
}

interface Meeting {
  readonly job: CrashJob
  readonly moment: Moment
}
const told = (wanted: readonly Meeting[]) =>
  wanted.map(({ job, moment }) => `${job.name} at ${JSON.stringify(moment)}`).join(', ')

const meet = async (place: Place, wanted: readonly Meeting[]): Promise<Ended[]> => {
  const met: Ended[] = []
  let left = [...wanted]
  for (let i = 0; i < tries && left.length > 0; i += 1) {
    const ended = await round(place, left).catch((cause: Error) => {
      throw new Error(`${told(left)}: ${cause.message}`, { cause })
    })
    met.push(...ended.filter((one) => one.met))
    left = left.filter((_, index) => !ended[index]?.met)
  }
  expect(told(left), 'not met at their moments').toBe('')
  return met
}

/** Run each job undisturbed, then kill at each of the moments it came through, and in the middle of its bytes. */
export const crashTable = async (
  place: Place,
  jobs: readonly CrashJob[],
  sides: readonly ('before' | 'after')[],
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
  for (let i = 0; i < most; i += 1) {
    for (const side of sides) {
      const wanted = undisturbed.flatMap(({ job, moments }) => {
        const at = moments[i]
        return at === undefined ? [] : [{ job, moment: { at, side } }]
      })
      for (const ended of await meet(place, wanted)) {
        const { at = '' } = wanted.find(({ job }) => job === ended.job)?.moment ?? {}
        const where = `killed at ${at}, ${side}`
        seen.get(ended.job.name)?.cells.set(cellOf(at, side), verdict(expected(ended.job), ended, where))
      }
    }
  }
  // One after the other: beside others it would not be met between two of its bytes.
  for (const job of jobs.filter(({ moves }) => moves)) {
    for (const ended of await meet(place, [{ job, moment: theMiddle }]))
      seen.get(job.name)?.cells.set(theMiddle, verdict(expected(job), ended, 'killed in the middle'))
  }
  await until('the queues are empty', async () => ((await place.queued()) === 0 ? true : undefined), 200)
  return seen
}
