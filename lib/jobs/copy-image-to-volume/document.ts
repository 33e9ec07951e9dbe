import * as z from 'zod'
import { ImageFormat, ImageSource } from '../../agent/tasks.ts'
import { KnownVolume } from '../../driver/model.ts'

export const Image = z
  .strictObject({
    source: ImageSource,
    /** What the image is said to be, and of one of Glance's what Glance says. Its content must agree before anything is written. */
    format: ImageFormat.optional(),
    /** Hexadecimal digest of the image file. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case')
      .optional(),
  })
  .refine(({ source, format }) => format !== undefined || source.kind === 'glance', {
    path: ['format'],
    message: 'is needed, but for an image of Glance',
  })

export const CopyImageToVolumeInput = z.strictObject({
  volume: KnownVolume,
  image: Image,
  /** The host whose agent copies; its name as in the registry of hosts. */
  host: z.string().min(1).max(255),
})
export type CopyImageToVolumeInput = z.infer<typeof CopyImageToVolumeInput>
