import * as z from 'zod'
import { type Queued, type Submission, submitOperation } from '../submit.ts'
import { BackupVolumeInput } from './document.ts'

export const BackupVolume = z.strictObject({
  ...BackupVolumeInput.partial({ host: true }).shape,
  idempotencyKey: z.string().min(1).max(255).optional(),
})
export type BackupVolume = z.infer<typeof BackupVolume>

/**
 * The driver's method: it takes long, so it queues the job and answers with its id.
 *
 * @throws DriverError as submitJob.
 * @see cinder/volume/drivers/storpool.py 1.2.1 backup_volume
 */
export const backupVolume = (to: Submission, input: BackupVolume): Promise<Queued> =>
  submitOperation(to, 'backup-volume', input)
