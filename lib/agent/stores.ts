import * as z from 'zod'

/**
 * Places outside the cluster where data comes from and goes to. A request names a store of the agent's configuration;
 * where that is, only the configuration says.
 */

export const StoreName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must be of letters, digits and _ . -')

/** A plain file name, never a path. */
export const FileName = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/, 'must be the name of a file, of letters, digits and _ . + -')

/** Behind the store's prefix. No segment of it is empty or begins with a dot, so it is the same key on every server. */
const ObjectKey = z
  .string()
  .max(512)
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.+=-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.+=-]*)*$/,
    'must be segments of letters, digits and _ . + = -, with / between them',
  )

export const FolderFile = z.strictObject({ kind: z.literal('folder'), store: StoreName, name: FileName })
export type FolderFile = z.infer<typeof FolderFile>

export const S3Object = z.strictObject({ kind: z.literal('s3'), store: StoreName, key: ObjectKey })
export type S3Object = z.infer<typeof S3Object>

export const GlanceImage = z.strictObject({ kind: z.literal('glance'), store: StoreName, imageId: z.uuid() })
export type GlanceImage = z.infer<typeof GlanceImage>
