import * as z from 'zod'
import { FolderFile, S3Object } from '../../agent/stores.ts'
import { UploadVolume } from '../../agent/tasks.ts'
import { HostName } from '../host-name.ts'
import { Source } from '../on-host/source.ts'
import { InGlance } from './in-glance.ts'

const { format, compression } = UploadVolume.shape

export const Destination = z.discriminatedUnion('kind', [FolderFile, S3Object, InGlance])

const Image = z
  .strictObject({
    destination: Destination,
    format: format.default('qcow2'),
    /** `zstd` unless said; qemu older than 5.1 reads `zlib` only. Of `raw` there is none. */
    compression: compression.optional(),
  })
  .refine(({ format, compression = 'none' }) => format === 'qcow2' || compression === 'none', {
    path: ['compression'],
    message: 'must be none, or left out, where the format is raw',
  })
  .refine(
    ({ format, destination }) =>
      destination.kind !== 'glance' || (destination.disk_format ?? format) === format,
    { path: ['destination', 'disk_format'], message: 'must be the format, or left out' },
  )

export const CopyVolumeToImageInput = z.strictObject({ ...Source.shape, image: Image, host: HostName })
export type CopyVolumeToImageInput = z.infer<typeof CopyVolumeToImageInput>
