import { documentOf } from './document-of.ts'
import type { Submission } from './submit.ts'

/** A queued job that has not begun after this long may have lost its message. */
const PATIENCE_MS = 60_000

/** Jobs looked at in one sweep; the next sweep goes on. */
const SWEEP = 1000

/**
 * Send again what was queued a while ago and never began: the record is written before the message, so a cut in
 * between leaves a record alone. Sending twice starts nothing twice.
 *
 * @returns how many were sent.
 */
export async function resendJobs(to: Pick<Submission, 'jobs' | 'queue' | 'now'>): Promise<number> {
  const before = new Date(Date.parse(to.now()) - PATIENCE_MS).toISOString()
  const queued = await to.jobs.list({ status: 'queued', limit: SWEEP, oldestFirst: true })
  let resent = 0
  for (const record of queued.filter(({ queuedAt }) => queuedAt < before)) {
    // Noted first, so that the starter sees that it was sent again.
    const noted = await to.jobs.change(record.id, { queuedAt: to.now() }, ['queued'])
    if (noted === undefined) continue
    await to.queue.send(documentOf(record))
    resent += 1
  }
  return resent
}
