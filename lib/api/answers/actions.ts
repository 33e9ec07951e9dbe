import * as z from 'zod'
import { NestedConnection } from './attachment.ts'
import { Id, Pairs, Time } from './fields.ts'
import { VolumeType } from './type.ts'

export const UploadedImage = z.strictObject({
  'os-volume_upload_image': z.strictObject({
    id: Id,
    updated_at: Time.nullable(),
    status: z.literal('uploading'),
    display_description: z.string().nullable(),
    size: z.int().describe('GiB'),
    volume_type: VolumeType,
    image_id: Id,
    container_format: z.literal('bare'),
    disk_format: z.enum(['raw', 'qcow2']),
    image_name: z.string(),
    visibility: z.string().nullish().describe('As the image service says it'),
    protected: z.boolean().nullish().describe('As the image service says it'),
  }),
})
export type UploadedImage = z.infer<typeof UploadedImage>

export const Connected = z.strictObject({ connection_info: NestedConnection })
export type Connected = z.infer<typeof Connected>

export const ImageMetadata = z.strictObject({ metadata: Pairs })
export type ImageMetadata = z.infer<typeof ImageMetadata>

/** Actions on volumes that answer something; every other answers nothing. */
export const actionAnswers: Readonly<Record<string, z.ZodType>> = {
  'os-initialize_connection': Connected,
  'os-set_image_metadata': ImageMetadata,
  'os-show_image_metadata': ImageMetadata,
  'os-volume_upload_image': UploadedImage,
  'os-migrate_volume_completion': z.never(),
}
