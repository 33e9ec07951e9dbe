import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import { imageId, jobId } from '../../../lib/ids.ts'
import type { Hold, Report } from './hold.ts'
import type { CrashJob, Record } from './job.ts'
import type { Named, Place, State } from './place.ts'
import { ended, hasEnded, recordOf } from './submit.ts'
import { until } from './wait.ts'

const project = 'default'

/** A place for checkpoints, and the half of the bytes, as moments at which a job may be met. */
export const theMiddle = 'the middle'
export type Moment = Pick<Hold, 'at' | 'side'> | typeof theMiddle

const isAmid = ({ moment }: Round) => moment === theMiddle || moment?.at.endsWith(': not yet')

/** One run of a job: where it is to be met, and what is to come of it. */
interface Run extends Round {
  readonly key: string
  readonly id: string
}

/** What is left of a job, without what differs from run to run. */
export interface Outcome {
  readonly record: object
  readonly objects: readonly object[]
}

/** Names and numbers of this run are others in the next. */
const plain = (value: unknown, { key, id }: Run): any =>
  JSON.parse(
    JSON.stringify(value)
      .replaceAll(id, 'JOB')
      .replaceAll(imageId(id), 'IMAGE')
      .replaceAll(key, 'KEY')
      .replaceAll(/"~\d+"/g, '"~"')
      .replaceAll(/"(?:sim|east)\.\w+\.\w+"/g, '"global id"')
      .replaceAll(/"\d{4}-\d\d-\d\dT[^"]+"/g, '"a time"')
      .replaceAll(/"[0-9a-f]{64}(?:[0-9a-f]{64})?"/g, '"a digest"')
      .replaceAll(/"(sizeBytes|addedBytes)":\d+/g, '"$1":"bytes"'),
  )

const isOf =
  ({ key, id }: Run) =>
  (one: Named) => {
    const text = JSON.stringify(one)
    return text.includes(key) || text.includes(id)
  }

/** What was deleted goes a moment later, and who descends from it has other parents then. */
const settled = async (place: Place) => {
  for (let last = ''; ; await sleep(150)) {
    const now = await place.state()
    if (JSON.stringify(now) === last) return now
    last = JSON.stringify(now)
  }
}

const objectsOf = (run: Run, { volumes, snapshots, kept }: State): object[] =>
  plain([...volumes, ...snapshots, ...kept].filter(isOf(run)), run)

const outcomeOf = (run: Run, record: Record, state: State): Outcome => {
  const { status, step, percent, doneBytes, totalBytes, result = {}, error } = record
  return {
    record: plain({ status, step, percent, doneBytes, totalBytes, result, error }, run),
    objects: objectsOf(run, state),
  }
}

/** Wait until each has come to its moment. @returns those that ended without coming to it. */
const met = async (place: Place, runs: readonly Run[], seen: readonly Report[]): Promise<Run[]> => {
  const missed: Run[] = []
  for (const run of runs.filter(({ moment }) => moment !== undefined)) {
    const isMet = await until(
      `${run.job.name} at ${JSON.stringify(run.moment)}`,
      async () => {
        if (seen.some(({ job, held }) => held && job === run.id)) return true
        const record = await recordOf(place, run.id)
        if (run.moment === theMiddle && (record.percent ?? 0) >= 20) return (record.percent ?? 0) <= 80
        if (!hasEnded(record)) return undefined
        // Its record says so before the last checkpoint.
        const there = await place.executions(run.job.kind, run.id)
        return there.some(({ Status }) => Status === 'RUNNING') ? undefined : false
      },
      run.moment === theMiddle ? 5 : 50,
    )
    if (!isMet) missed.push(run)
  }
  return missed
}

let serial = 0

/** What takes a cluster its time takes it some here too: a GiB within two seconds. */
const rate = 600 * 1024 ** 2
const takesTime = {
  relocationBytesPerSecond: rate,
  remoteCopyBytesPerSecond: rate,
  rebaseBytesPerSecond: rate,
}

export interface Round {
  readonly job: CrashJob
  readonly moment?: Moment | undefined
}
export interface Ended {
  readonly job: CrashJob
  readonly outcome: Outcome
  /** The moments it came through, in their order. */
  readonly moments: readonly string[]
  /** False where it was not met at its moment. */
  readonly met: boolean
  /** Its objects before it was asked for. */
  readonly untouched: readonly object[]
}

export interface Course {
  /** All is prepared, and nothing is asked for yet. */
  readonly begin?: () => Promise<unknown>
  /** All are asked for, by these ids. */
  readonly asked?: (ids: readonly string[]) => Promise<unknown>
  /** What befalls them once each is at its moment: the place's own way of being killed, unless said. */
  readonly strike?: () => Promise<unknown>
  /** All have ended, and nothing is looked at yet. */
  readonly end?: () => Promise<unknown>
}

/** Have jobs run side by side, up to the moments at which they are to be met. @returns those that were not. */
const underWay = async (place: Place, runs: readonly Run[], inputs: readonly object[]) => {
  const seen: Report[] = []
  place.onReport((report) => void seen.push(report))
  place.hold(runs.flatMap(({ id, moment }) => (typeof moment === 'object' ? [{ job: id, ...moment }] : [])))
  // Only so is it met half-way, or found not done yet.
  place.slow(runs.every(({ moment }) => moment === undefined) || runs.some(isAmid))
  for (const [index, { job, key, id, moment }] of runs.entries()) {
    const asked = { kind: job.kind, input: inputs[index], idempotencyKey: key, project }
    expect(await place.call('/jobs', asked)).toMatchObject({ id })
    // Messages that come together are started one after the other.
    if (moment !== theMiddle && moment?.at === 'start') await met(place, [runs[index]!], seen)
  }
  return { seen, missed: await met(place, runs, seen) }
}

/** The one execution of a job that has ended. */
const executionOf = ({ job, key, id }: Run, place: Place) =>
  until(
    `the execution of ${key} ends`,
    async () => {
      const there = await place.executions(job.kind, id)
      return there.some(({ Status }) => Status === 'RUNNING') ? undefined : there
    },
    50,
  )

/** Run jobs side by side; once each is at its moment, strike; see what becomes of them, and clear everything away. */
export const round = async (
  place: Place,
  wanted: readonly Round[],
  { begin, asked, strike = place.strike, end }: Course = {},
): Promise<Ended[]> => {
  // A started simulator has forgotten it.
  await place.simulate('knobs', takesTime)
  const before = await place.state()
  const runs = wanted.map(({ job, moment }): Run => {
    const key = `${job.name}-${++serial}x`
    return { job, key, moment, id: jobId(project, key) }
  })
  const inputs = await Promise.all(runs.map(({ job, key }) => job.prepare(place, key)))
  const prepared = await settled(place)
  await begin?.()

  const { seen, missed } = await underWay(place, runs, inputs)
  await asked?.(runs.map(({ id }) => id))
  if (runs.some(({ moment }) => moment !== undefined)) await strike()
  place.slow(false)
  const records = await Promise.all(runs.map(({ id }) => ended(place, id)))
  for (const run of runs) expect(await executionOf(run, place)).toMatchObject([{ Status: 'SUCCEEDED' }])
  await end?.()

  const after = await settled(place)
  const found = runs.map((run, index): Ended => {
    const moments = seen.filter((one) => one.job === run.id && !one.held).map(({ at }) => at)
    return {
      job: run.job,
      outcome: outcomeOf(run, records[index]!, after),
      moments: [...new Set(moments)],
      met: !missed.includes(run),
      untouched: objectsOf(run, prepared),
    }
  })
  expect(after.attachments).toEqual([])
  expect(await place.leftovers()).toEqual([])
  for (const [index, { job, key }] of runs.entries()) {
    const record = records[index]!
    if (record.status === 'succeeded') await job.check(place, key, record)
    await job.clean(place, key, record)
  }
  await vi.waitFor(async () => expect(await place.state()).toEqual(before), { timeout: 10_000 })
  return found
}
