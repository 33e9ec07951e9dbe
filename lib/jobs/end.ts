import type { JobBackend } from './backend.ts'
import type { JobDocument } from './document.ts'
import type { Failure } from './record.ts'
import { forgetWithheld } from './withheld.ts'

/**
 * The last word in the record, and the turns given back. What could not be undone is said beside the first failure.
 * The word comes first: a job that has ended is taken out of the lines by the sweep, too.
 *
 * @param hosts on which it had a turn, or stood in line.
 */
export const endOf =
  (hosts: readonly string[], failure?: Failure, left: readonly Failure[] = []) =>
  async (backend: JobBackend, job: JobDocument) => {
    const ended = { bytesPerSecond: 0, finishedAt: new Date().toISOString(), waiting: null }
    const change =
      failure === undefined
        ? { ...ended, step: 'done', status: 'succeeded' as const, error: null }
        : {
            ...ended,
            step: failure.step ?? 'end',
            status: failure.name === 'Cancelled' ? ('cancelled' as const) : ('failed' as const),
            error: left.length === 0 ? failure : { ...failure, details: { ...failure.details, left } },
          }
    await backend.jobs.change(job.id, change, ['queued', 'running'])
    for (const host of hosts) await backend.turns.giveBack(host, job.id)
    await forgetWithheld(backend.withheld, job)
    return { status: change.status }
  }
