import * as z from 'zod'
import type { Submission } from '../submit.ts'
import { submitJob } from '../submit.ts'
import { CopyImageToVolumeInput } from './document.ts'

export const CopyImageToVolume = z.strictObject({
  ...CopyImageToVolumeInput.partial({ host: true }).shape,
  idempotencyKey: z.string().min(1).max(255).optional(),
})
export type CopyImageToVolume = z.infer<typeof CopyImageToVolume>

/**
 * The driver's method: it takes long, so it queues the job and answers with its id.
 *
 * @throws DriverError as {@link submitJob}.
 * @see cinder/volume/drivers/storpool.py 1.2.1 copy_image_to_volume
 */
export async function copyImageToVolume(
  to: Submission,
  { idempotencyKey, ...input }: CopyImageToVolume,
): Promise<{ jobId: string; status: string }> {
  const { id, status } = await submitJob(to, {
    kind: 'copy-image-to-volume',
    input,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  })
  return { jobId: id, status }
}
