import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import { jobId } from '../../../lib/ids.ts'
import type { Hold, Report } from './hold.ts'
import type { CrashJob, Record } from './job.ts'
import type { Named, Place } from './place.ts'

const project = 'default'
/** A job that has not ended after so long, in milliseconds, never will. */
const patience = 180_000

/** A place for checkpoints, and the half of the bytes, as moments at which a job may be met. */
export type Moment = Pick<Hold, 'at' | 'side'> | 'the middle'

/** One run of a job: where it is to be met, and what is to come of it. */
interface Run {
  readonly job: CrashJob
  readonly key: string
  readonly id: string
  readonly moment: Moment | undefined
}

/** What is left of a job, without what differs from run to run. */
export interface Outcome {
  readonly record: object
  readonly objects: readonly object[]
}

const said = (place: Place, id: string): Promise<Record> => place.call(`/jobs/${id}`)
const hasEnded = ({ status }: Record) => status !== 'queued' && status !== 'running'

export const until = async <T>(
  what: string,
  look: () => Promise<T | undefined>,
  everyMs: number,
): Promise<T> => {
  for (const before = Date.now() + patience; ; await sleep(everyMs)) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > before) throw new Error(`${what}: not after ${patience / 1000} s`)
  }
}

/** Names and numbers of this run are others in the next. */
const plain = (value: unknown, { key, id }: Run): any =>
  JSON.parse(
    JSON.stringify(value)
      .replaceAll(id, 'JOB')
      .replaceAll(key, 'KEY')
      .replaceAll(/"~\d+"/g, '"~"')
      .replaceAll(/"sim\.\w+\.\w+"/g, '"global id"')
      .replaceAll(/"\d{4}-\d\d-\d\dT[^"]+"/g, '"a time"'),
  )

const isOf =
  ({ key, id }: Run) =>
  (one: Named) => {
    const text = JSON.stringify(one)
    return text.includes(key) || text.includes(id)
  }

const outcomeOf = async (place: Place, run: Run, record: Record): Promise<Outcome> => {
  const { volumes, snapshots } = await place.state()
  const { status, step, percent, doneBytes, totalBytes, result = {}, error } = record
  return {
    record: plain({ status, step, percent, doneBytes, totalBytes, result, error }, run),
    objects: plain([...volumes, ...snapshots].filter(isOf(run)), run),
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
        const record = await said(place, run.id)
        if (run.moment === 'the middle' && (record.percent ?? 0) >= 20) return (record.percent ?? 0) <= 80
        return hasEnded(record) ? false : undefined
      },
      run.moment === 'the middle' ? 5 : 50,
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
  readonly moment?: Moment
}
export interface Ended {
  readonly job: CrashJob
  readonly outcome: Outcome
  /** The moments it came through, in their order. */
  readonly moments: readonly string[]
  /** False where it was not met at its moment. */
  readonly met: boolean
}

/** Run jobs side by side; once each is at its moment, strike; see what becomes of them, and clear everything away. */
export const round = async (place: Place, wanted: readonly Round[]): Promise<Ended[]> => {
  // A started simulator has forgotten it.
  await place.simulate('knobs', takesTime)
  const before = await place.state()
  const runs = wanted.map(({ job, moment }): Run => {
    const key = `${job.name}-${++serial}x`
    return { job, key, moment, id: jobId(project, key) }
  })
  const seen: Report[] = []
  place.onReport((report) => void seen.push(report))
  const inputs = await Promise.all(runs.map(({ job, key }) => job.prepare(place, key)))

  place.hold(runs.flatMap(({ id, moment }) => (typeof moment === 'object' ? [{ job: id, ...moment }] : [])))
  place.slow(true)
  for (const [index, { job, key, id }] of runs.entries()) {
    const record = await place.call('/jobs', {
      kind: job.kind,
      input: inputs[index],
      idempotencyKey: key,
      project,
    })
    expect(record.id).toBe(id)
  }
  const missed = await met(place, runs, seen)
  if (runs.some(({ moment }) => moment !== undefined)) await place.strike()
  place.slow(false)

  const ended: Ended[] = []
  const records: Record[] = []
  for (const run of runs) {
    const { job, key, id } = run
    const ask = async () => {
      const record = await said(place, id)
      return hasEnded(record) ? record : undefined
    }
    const record = await until(`${key} ends`, ask, 50)
    const over = async () => {
      const found = await place.executions(job.kind, id)
      return found.some(({ Status }) => Status === 'RUNNING') ? undefined : found
    }
    expect(await until(`the execution of ${key} ends`, over, 50)).toMatchObject([{ Status: 'SUCCEEDED' }])
    records.push(record)
    const outcome = await outcomeOf(place, run, record)
    const moments = seen.filter((one) => one.job === id && !one.held).map(({ at }) => at)
    ended.push({ job, outcome, moments: [...new Set(moments)], met: !missed.includes(run) })
    if (record.status === 'succeeded') await job.check(place, key, record)
  }
  const { attachments } = await place.state()
  expect(attachments).toEqual([])
  expect(await place.leftovers()).toEqual([])
  for (const [index, { job, key }] of runs.entries()) await job.clean(place, key, records[index]!)
  await vi.waitFor(async () => expect(await place.state()).toEqual(before), { timeout: 10_000 })
  return ended
}
