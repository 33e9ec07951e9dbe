import * as z from 'zod'
import { type Queued, type Submission, submitOperation } from '../submit.ts'
import { CopyImageToVolumeInput } from './document.ts'

export const CopyImageToVolume = z.strictObject({
  ...CopyImageToVolumeInput.partial({ host: true }).shape,
  idempotencyKey: z.string().min(1).max(255).optional(),
})
export type CopyImageToVolume = z.infer<typeof CopyImageToVolume>

/**
 * The driver's method: it takes long, so it queues the job and answers with its id.
 *
 * @throws DriverError as submitJob.
 * @see cinder/volume/drivers/storpool.py 1.2.1 copy_image_to_volume
 */
export const copyImageToVolume = (to: Submission, input: CopyImageToVolume): Promise<Queued> =>
  submitOperation(to, 'copy-image-to-volume', input)
