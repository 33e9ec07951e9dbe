import { expect, test } from 'vitest'
import { AgentError, AgentUnreachable } from '../../lib/agent/errors.ts'
import { retryStrategy } from '../../lib/jobs/retry.ts'

const busy = new AgentError('4 tasks run on this host', {
  code: 'too_many_tasks',
  retryable: true,
  status: 429,
})

/** Seconds until a step gives up that fails in the same way each time; at most a day is looked at. */
const patience = (error: Error): number => {
  let seconds = 0
  for (let attempt = 1; seconds < 86_400; attempt += 1) {
    const { shouldRetry, delay } = retryStrategy(error, attempt)
    if (!shouldRetry) break
    seconds += delay?.seconds ?? 0
  }
  return seconds
}

test('an agent that is away is waited for about ten minutes', () => {
  expect(patience(new AgentUnreachable('http://agent', 'no answer'))).toBe(601)
})

test('a host that is at work for others is waited for, however long it takes', () => {
  expect(patience(busy)).toBeGreaterThanOrEqual(86_400)
})
