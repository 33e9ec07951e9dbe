import * as z from 'zod'
import { type Queued, type Submission, submitOperation } from '../submit.ts'
import { CopyVolumeToImageInput } from './document.ts'

export const CopyVolumeToImage = z.strictObject({
  ...CopyVolumeToImageInput.partial({ host: true }).shape,
  idempotencyKey: z.string().min(1).max(255).optional(),
})
export type CopyVolumeToImage = z.infer<typeof CopyVolumeToImage>

/**
 * The driver's method: it takes long, so it queues the job and answers with its id.
 *
 * @throws DriverError as submitJob.
 * @see cinder/volume/drivers/storpool.py 1.2.1 copy_volume_to_image
 */
export const copyVolumeToImage = (to: Submission, input: CopyVolumeToImage): Promise<Queued> =>
  submitOperation(to, 'copy-volume-to-image', input)
