import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from './command.ts'
import { hasEnded, Job, pathOf, standing } from './job.ts'
import { spanOf } from './units.ts'

/** Milliseconds between two looks, and until it is left to itself. */
const LOOK_MS = 100
const PATIENCE_MS = 60_000

/** End a job, and wait until it has undone what it did. */
export const cancel: Command = async ({ id, front, print }) => {
  const began = performance.now()
  let job = await front.post(`${pathOf(id)}/cancel`, {}, Job)
  const ended = hasEnded(job) && job.status !== 'cancelled'
  while (!hasEnded(job) && performance.now() - began < PATIENCE_MS) {
    await delay(LOOK_MS)
    job = await front.get(pathOf(id), Job)
  }
  const took = spanOf((performance.now() - began) / 1000)
  print.answer(job, () => {
    if (ended) return `The job had ended before: ${job.status}.`
    if (job.status === 'cancelled') return `Cancelled, after ${took}.`
    if (hasEnded(job)) return `The job ended by itself meanwhile: ${job.status}.`
    return `It is told, and still at: ${standing(job)}. Look again: npm run jobs -- watch ${id}`
  })
  return job.status === 'cancelled' ? 0 : 1
}
