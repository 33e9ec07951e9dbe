import * as z from 'zod'
import { GlanceImage } from '../../agent/stores.ts'

/** What an image is made with: the words of Glance's API. */
const made = {
  name: z.string().min(1).max(255).optional(),
  /** The format of the file, which it is unless said. */
  disk_format: z.enum(['raw', 'qcow2']).optional(),
  container_format: z.literal('bare').optional(),
  visibility: z.enum(['private', 'shared', 'community', 'public']).optional(),
  protected: z.boolean().optional(),
  /** GiB. */
  min_disk: z.int().nonnegative().optional(),
  /** MiB. */
  min_ram: z.int().nonnegative().optional(),
  /** The project it belongs to, where that is not our own: Glance lets administrators say so. */
  owner: z.string().min(1).max(255).optional(),
  properties: z.record(z.string().min(1).max(255), z.string().max(65_535)).optional(),
}
const names = z.strictObject(made).keyof().options

/**
 * An image of Glance's that is to get data: one that is there and has none yet, or one that is made for it.
 *
 * @see https://docs.openstack.org/api-ref/image/v2/ "Create image"
 */
export const InGlance = z
  .strictObject({
    ...GlanceImage.shape,
    imageId: GlanceImage.shape.imageId.optional(),
    /** With `imageId`: whether that image goes, too, should it get no data. One that is made goes in any case. */
    removeUnfinished: z.boolean().optional(),
    ...made,
  })
  .refine(({ imageId, name }) => (imageId === undefined) !== (name === undefined), {
    path: ['imageId'],
    message: 'is needed for an image that is there, and name for one that is to be made; not both',
  })
  .refine((asked) => asked.imageId === undefined || names.every((name) => asked[name] === undefined), {
    path: ['imageId'],
    message: `must be left out where the image is to be made with ${names.join(', ')}`,
  })
  .refine(({ imageId, removeUnfinished }) => imageId !== undefined || removeUnfinished === undefined, {
    path: ['removeUnfinished'],
    message: 'is said of an image that is there: one that is made goes in any case',
  })
export type InGlance = z.infer<typeof InGlance>
