import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod'
import { logger } from '../log.ts'
import type { Report } from '../volumes/reconcile/findings.ts'
import { reconcile } from '../volumes/reconcile/reconcile.ts'
import { blockStorageFor } from './block-storage.ts'
import { type Invocation, levelOrDefault } from './endpoint.ts'
import { inputOf, isHttp } from './event.ts'

/** A clock sends keys of its own beside. */
export const Reconcile = z.object({
  /** Remove from the cluster what dead calls have left there; else it is only told of. */
  mend: z.boolean().default(false),
})

/** Milliseconds after which who waits behind the gateway is answered. */
const HTTP_MS = 24_000

/** Milliseconds kept for what is under way when the time is up. */
const ENDING_MS = 4_000

/** Reconcile for as long as this invocation may take. */
export async function reconcileNow(event: unknown, invocation: Invocation): Promise<Report> {
  const { mend } = Reconcile.parse(inputOf(event))
  const deadline = isHttp(event) ? Math.min(invocation.deadline, Date.now() + HTTP_MS) : invocation.deadline
  const until = deadline - ENDING_MS
  const report = await reconcile(blockStorageFor({ ...invocation, deadline }, 'reconcile'), {
    mend,
    isOver: () => Date.now() > until,
    async pause(ms) {
      if (Date.now() + ms > until) return false
      await delay(ms)
      return true
    },
  })
  const { findings, counts, ...sums } = report
  const log = logger(levelOrDefault())
  log[report.unmended > 0 ? 'warn' : 'info']('reconciled', { ...sums, ...counts })
  for (const finding of findings.slice(0, 100)) log.info('reconciliation found', { ...finding })
  return report
}
