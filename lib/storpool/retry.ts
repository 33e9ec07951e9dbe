import { setTimeout as sleep } from 'node:timers/promises'
import { StorPoolApiError, StorPoolUnreachable, StorPoolUnreadable } from './errors.ts'

const TRIES = 6
const FIRST_MS = 200
const LONGEST_MS = 5000

/** Milliseconds to wait after `n` delays, anywhere between none and all of it: many callers must not come back at once. */
export const delayAfter = (n: number): number => Math.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** n)

/**
 * A refusal StorPool calls transient, a connection that carried nothing, or a read that was cut off or that something on
 * the way answered.
 */
const mayRepeat = (error: unknown): boolean => {
  if (error instanceof StorPoolApiError) return error.transient
  if (error instanceof StorPoolUnreadable) return error.mayPass && !error.mayHaveHappened
  if (!(error instanceof StorPoolUnreachable)) return false
  return error.reason === 'connect' || (error.reason === 'broken' && !error.mayHaveHappened)
}

/**
 * Try until it succeeds, cannot be repeated, was tried six times, or the next try would begin after the deadline.
 *
 * @param deadline epoch milliseconds
 * @throws what the last try threw.
 */
export const retrying = async <T>(deadline: number, run: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run()
    } catch (error) {
      if (attempt === TRIES || !mayRepeat(error)) throw error
      const delay = delayAfter(attempt - 1)
      if (Date.now() + delay >= deadline) throw error
      await sleep(delay)
      if (Date.now() >= deadline) throw error
    }
  }
}
