import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceRefused, ServiceUnreachable } from './errors.ts'

const TRIES = 4
const FIRST_MS = 250

/** The service may be able in a moment. */
export const isPassing = (error: unknown): boolean =>
  error instanceof ServiceUnreachable ||
  (error instanceof ServiceRefused && (error.status === 429 || error.status >= 500))

/**
 * Ask again while it may help and the deadline has not come: for what changes nothing.
 *
 * @throws what the last try threw
 */
export const retrying = async <T>(deadline: number, ask: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask()
    } catch (error) {
      const pause = Math.random() * FIRST_MS * 2 ** attempt
      if (attempt === TRIES || !isPassing(error) || Date.now() + pause >= deadline) throw error
      await sleep(pause)
    }
  }
}
