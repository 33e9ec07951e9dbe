import { isTurnToCome } from './failure.ts'

/** Tries of one step: with the waits below, about ten minutes of a cluster or an agent that is away. */
export const TRIES = 25
/** Tries of a step whose turn has not come: until the execution itself is out of time. */
const TURNS = 50_000
const tryAgainSeconds = (attempt: number): number => Math.min(30, 2 ** (attempt - 1))

/** Whether a step that failed for now is tried again, and when. */
export const retryStrategy = (error: unknown, attempt: number) =>
  attempt < (isTurnToCome(error) ? TURNS : TRIES)
    ? { shouldRetry: true, delay: { seconds: tryAgainSeconds(attempt) } }
    : { shouldRetry: false }

/** Waits between askings grow from 1 to 30 s, and later to 10 min: an execution may have few operations. */
export const askAgainSeconds = (round: number): number => (round < 120 ? Math.min(30, 1 + round) : 600)
export const ROUNDS = 220

/** Askings that are made as early as the rate of the bytes promises an end. */
const EARLY = 20

/**
 * Seconds until a job whose bytes may all be moved by then asks again.
 *
 * @param early how many such askings there were.
 * @param etaSeconds from the asking before, `since` seconds ago; undefined where nothing is known.
 */
export const askEarlySeconds = (early: number, etaSeconds: number | undefined, since: number): number =>
  early < EARLY && etaSeconds !== undefined
    ? Math.max(1, Math.ceil(etaSeconds - since))
    : Number.POSITIVE_INFINITY

/**
 * Seconds until a job in a line asks again by itself. Whoever leaves the line tells the next one, so this is for what
 * was not told: from 1 s to 10 min, then an hour; longer from the start for whoever is far back.
 */
export const lookAgainSeconds = (round: number, ahead: number): number =>
  round < 20 ? Math.min(600, Math.max(2 ** Math.min(round, 10), ahead)) : 3600
/** Looks at the line: with the waits above about three days. */
export const LOOKS = 90
