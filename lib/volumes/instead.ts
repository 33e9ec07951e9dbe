import { setTimeout as delay } from 'node:timers/promises'
import { isFinal } from '../jobs/record.ts'
import type { BlockStorage } from './block-storage.ts'
import type { Kind, Worked } from './kind.ts'
import type { Work } from './record.ts'

/** Milliseconds that a call waits for a job to let go, and between two looks at it. */
const LET_GO_MS = 4_000
const LOOK_MS = 250

/**
 * Where some work took the place of other work that a job did: cancel the job, and wait a while for it to undo what it
 * did. Run again, it is cancelled already.
 *
 * @returns the job, where it has not let go yet: whoever finds that it has goes on then. Undefined: it is over.
 */
export async function endJobOf<T extends Worked>(
  kind: Kind<T>,
  storage: BlockStorage,
  record: T,
  { instead }: Work,
): Promise<{ readonly job: string } | undefined> {
  if (instead === undefined) return undefined
  await storage.jobs.cancel(instead.job)
  for (let waited = 0; ; waited += LOOK_MS) {
    const job = await storage.jobs.get(instead.job)
    if (job?.status === 'succeeded') return undefined
    if (job === undefined || isFinal(job.status)) break
    if (waited >= LET_GO_MS) return { job: instead.job }
    await delay(LOOK_MS)
  }
  await kind.operations[instead.action]?.failed?.(storage, record, instead.input)
  return undefined
}
