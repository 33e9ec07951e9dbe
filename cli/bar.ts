import { type Job, standing } from './job.ts'
import { bytesOf, rateOf, spanOf } from './units.ts'

const BAR = 30
const LEAST_BAR = 10

/** `[=====>     ]` */
export const barOf = (percent: number, width: number): string => {
  const inside = Math.max(1, width - 2)
  const done = Math.min(inside, Math.floor((percent / 100) * inside))
  const tip = done > 0 && done < inside ? '>' : ''
  return `[${('='.repeat(done - tip.length) + tip).padEnd(inside)}]`
}

const figures = ({ percent = 0, doneBytes, totalBytes, bytesPerSecond, etaSeconds, status }: Job): string => {
  const moving = status === 'running' && bytesPerSecond > 0 && doneBytes < totalBytes
  const rate = moving ? `  ${rateOf(bytesPerSecond)}` : ''
  const left = moving && etaSeconds !== undefined ? `  ${spanOf(etaSeconds)} left` : ''
  return `${percent.toFixed(1).padStart(5)} %  ${bytesOf(doneBytes)} of ${bytesOf(totalBytes)}${rate}${left}`
}

/** How far a job is in one line that fits the terminal. */
export const progressLine = (job: Job, columns: number): string => {
  const what = job.status === 'running' || job.status === 'queued' ? standing(job) : job.status
  const again = job.attempts > 1 && job.error !== undefined ? ` (try ${job.attempts}: ${job.error.name})` : ''
  const line = `${what}${again}`
  if (job.totalBytes === 0) return line.slice(0, columns)
  const rest = figures(job)
  const room = columns - line.length - rest.length - 4
  const bar = room < LEAST_BAR ? '' : `  ${barOf(job.percent ?? 0, Math.min(BAR, room))}`
  return `${line}${bar}  ${rest}`.slice(0, columns)
}

/** The same for a log, where every line stays. */
export const plainLine = (job: Job): string =>
  progressLine(job, Number.POSITIVE_INFINITY).replace(/ {2}\[.*?\]/, '')
