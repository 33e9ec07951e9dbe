import * as z from 'zod'

/** Of restic, in hexadecimal. */
export const SnapshotId = z.string().regex(/^[0-9a-f]{8,64}$/, 'must be 8 to 64 hexadecimal digits')

const Word = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9_.:-]+$/, 'must be of letters, digits and _ . : -')

/** What the agent itself says of a backup; `job` may be said by the caller instead of the request's id. */
const own = ['vol', 'size', 'sha256', 'added']

/** The caller's words about a backup, kept in the repository as `name=value`. */
export const BackupTags = z
  .record(
    Word.refine((name) => !own.includes(name), `must not be one of ${own.join(', ')}`),
    Word,
  )
  .refine((tags) => Object.keys(tags).length <= 16, 'may be 16 at most')

/** A whole backup of a volume, as it stands in a repository. */
export const Backup = z.looseObject({
  snapshotId: SnapshotId,
  time: z.string(),
  /** The volume's globalId. */
  volume: z.string(),
  job: z.string(),
  sizeBytes: z.int().nonnegative(),
  /** Bytes the repository grew by, before they were compressed. */
  addedBytes: z.int().nonnegative(),
  /** Of every byte of the volume, in hexadecimal. */
  sha256: z.string(),
  tags: z.record(z.string(), z.string()),
})
export type Backup = z.infer<typeof Backup>
