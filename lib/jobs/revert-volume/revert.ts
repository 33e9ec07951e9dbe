import { restoreAfterRevert } from '../../driver/restore-after-revert.ts'
import { revertToSnapshot } from '../../driver/revert-to-snapshot.ts'
import type { JobBackend } from '../backend.ts'
import { asJob } from '../claim.ts'
import type { RevertJob } from './take.ts'

/** Put the snapshot's data back, with size and limits as they were, and verify it. May run again. */
export async function revert(backend: JobBackend, job: RevertJob): Promise<void> {
  const { volume, snapshot } = job.input
  await revertToSnapshot(asJob(backend, job), { volume, snapshot })
  const record = await backend.jobs.get(job.id)
  await backend.jobs.change(job.id, { result: { ...record?.result, volume: 'reverted' } }, ['running'])
}

/** A revert that was given up in the middle may have taken size and limits: they are put back. */
export const putBack = (backend: JobBackend, job: RevertJob): Promise<void> =>
  restoreAfterRevert(asJob(backend, job), job.input.volume)
