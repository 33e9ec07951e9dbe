import type { JobBackend } from './backend.ts'
import type { JobDocument } from './document.ts'
import type { Failure } from './record.ts'
import { forgetWithheld } from './withheld.ts'

/**
 * The last word in the record, and the turns given back. What could not be undone is said beside the first failure.
 *
 * @param hosts on which it had a turn, or stood in line.
 */
export const endOf =
  (hosts: readonly string[], failure: Failure | undefined, left: readonly Failure[]) =>
  async (backend: JobBackend, job: JobDocument) => {
    for (const host of hosts) await backend.turns.giveBack(host, job.id)
    const ended = { bytesPerSecond: 0, finishedAt: new Date().toISOString(), waiting: null }
    const change =
      failure === undefined
        ? { ...ended, status: 'succeeded' as const, error: null }
        : {
            ...ended,
            status: failure.name === 'Cancelled' ? ('cancelled' as const) : ('failed' as const),
            error: left.length === 0 ? failure : { ...failure, details: { ...failure.details, left } },
          }
    await forgetWithheld(backend.withheld, job)
    await backend.jobs.change(job.id, change, ['queued', 'running'])
    return { status: change.status }
  }
