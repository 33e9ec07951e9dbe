import { randomUUID } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as z from 'zod'
import type { LogFields } from '../lib/log.ts'
import type { Functions, Outcome } from './functions.ts'
import { parseSchedule } from './schedule-expression.ts'
import type { ScheduleSource } from './service.ts'

export interface SchedulerOptions {
  /** The file that keeps when each schedule ran last. */
  readonly path: string
  readonly now?: () => number
  readonly log?: (message: string, fields: LogFields) => void
}

export interface Scheduler {
  /** Run what is due by now, and wait for it. Called by itself as time passes. */
  runDue(): Promise<void>
  /** Run one schedule's function now, by the schedule's name or the function's. */
  runNow(name: string): Promise<Outcome>
  stop(): void
}

const LastRuns = z.record(z.string(), z.number())

/** A clock that jumps, as after sleep, is noticed within this many milliseconds. */
const longestNap = 60_000

const readLastRuns = (path: string): Record<string, number> => {
  try {
    return LastRuns.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return {}
  }
}

/** Where a function says what it wants to be told; otherwise the event AWS makes up. */
const eventOf = (source: ScheduleSource, time: number, region: string): unknown =>
  source.input ?? {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: '000000000000',
    time: new Date(time).toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: [`arn:aws:scheduler:${region}:000000000000:schedule/default/${source.name}`],
    detail: '{}',
  }

/**
 * EventBridge Scheduler: run functions at their times. A time that passed while nothing ran, or while the last run
 * was still under way, is made up for once, however often it was missed.
 */
export const startScheduler = (
  sources: readonly ScheduleSource[],
  functions: Functions,
  { path, now = Date.now, log = () => undefined }: SchedulerOptions,
): Scheduler => {
  const last = readLastRuns(path)
  const entries = sources.map((source) => ({ source, next: parseSchedule(source.expression) }))
  const running = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const keep = (): void => {
    try {
      writeFileSync(`${path}.new`, JSON.stringify(last))
      renameSync(`${path}.new`, path)
    } catch (error) {
      // A run that is forgotten is made up for once after the next start: better that than no run now.
      log('schedules cannot be kept', { reason: error instanceof Error ? error.message : String(error) })
    }
  }
  for (const { source } of entries) last[source.name] ??= now()
  keep()

  const run = async (source: ScheduleSource): Promise<Outcome> => {
    running.add(source.name)
    const time = now()
    last[source.name] = time
    keep()
    try {
      const outcome = await functions.invoke(source.function, eventOf(source, time, functions.service.region))
      if (outcome.error)
        log('scheduled run failed', { schedule: source.name, reason: outcome.error.errorMessage })
      return outcome
    } finally {
      running.delete(source.name)
      arm()
    }
  }

  const runDue = async (): Promise<void> => {
    const time = now()
    const due = entries.filter(
      ({ source, next }) => !running.has(source.name) && next(last[source.name] ?? time) <= time,
    )
    const runs = due.map(({ source }) => run(source))
    arm()
    await Promise.all(runs)
  }

  const arm = (): void => {
    clearTimeout(timer)
    if (stopped) return
    const waiting = entries.filter(({ source }) => !running.has(source.name))
    const naps = waiting.map(({ source, next }) => next(last[source.name] ?? now()) - now())
    timer = setTimeout(() => void runDue(), Math.max(0, Math.min(longestNap, ...naps)))
    timer.unref()
  }
  arm()

  return {
    runDue,
    async runNow(name) {
      const found = sources.find((source) => source.name === name || source.function === name)
      if (!found) throw new Error(`there is no schedule ${name}`)
      return run(found)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
