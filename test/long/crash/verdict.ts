import { expect } from 'vitest'
import type { Ended, Outcome } from './round.ts'

/** Nothing of what happened may show afterwards. */
export const assertSame = (undisturbed: Outcome, { outcome, job }: Ended, where: string): void => {
  expect(outcome, `${job.name}, ${where}`).toEqual(undisturbed)
}

/** The job failed for this reason, and what it had made is gone. */
export const assertFailedCleanly = (
  { outcome, job, untouched }: Ended,
  error: object,
  where: string,
): void => {
  expect(outcome.record, `${job.name}, ${where}`).toMatchObject({ status: 'failed', error })
  expect(outcome.objects, `${job.name}, ${where}`).toEqual(untouched)
}
