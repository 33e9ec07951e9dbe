import * as z from 'zod'
import { UploadVolume } from '../../agent/tasks.ts'
import { HostName } from '../host-name.ts'
import { Source } from '../on-host/source.ts'

const { destination, format, compression } = UploadVolume.shape

const Image = z
  .strictObject({
    destination,
    format: format.default('qcow2'),
    /** `zstd` unless said; qemu older than 5.1 reads `zlib` only. Of `raw` there is none. */
    compression: compression.optional(),
  })
  .refine(({ format, compression = 'none' }) => format === 'qcow2' || compression === 'none', {
    path: ['compression'],
    message: 'must be none, or left out, where the format is raw',
  })

export const CopyVolumeToImageInput = z.strictObject({ ...Source.shape, image: Image, host: HostName })
export type CopyVolumeToImageInput = z.infer<typeof CopyVolumeToImageInput>
