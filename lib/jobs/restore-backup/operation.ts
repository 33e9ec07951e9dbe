import * as z from 'zod'
import { HostName } from '../host-name.ts'
import { type Queued, type Submission, submitOperation } from '../submit.ts'
import { RestoreBackupInput } from './document.ts'

export const RestoreBackup = z.strictObject({
  ...RestoreBackupInput.shape,
  host: HostName.optional(),
  idempotencyKey: z.string().min(1).max(255).optional(),
})
export type RestoreBackup = z.infer<typeof RestoreBackup>

/**
 * The driver's method: it takes long, so it queues the job and answers with its id.
 *
 * @throws DriverError as submitJob.
 * @see cinder/volume/drivers/storpool.py 1.2.1 restore_backup
 */
export const restoreBackup = (to: Submission, input: RestoreBackup): Promise<Queued> =>
  submitOperation(to, 'restore-backup', input)
