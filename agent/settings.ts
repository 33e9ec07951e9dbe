import { isAbsolute } from 'node:path'
import * as z from 'zod'
import { Stores } from './stores.ts'

const Path = z.string().refine(isAbsolute, 'must be an absolute path')
/** -1, the number above the highest, means nobody to the kernel; 0 is root. */
const Id = z
  .int()
  .min(1)
  .max(2 ** 32 - 2)

/** What a request may make the agent fetch, in the operator's words. */
const Sources = z.strictObject({
  /** Networks that may be reached though they are not public, such as `10.20.0.0/16`. */
  allow: z.array(z.union([z.cidrv4(), z.cidrv6()])).default([]),
  ports: z.array(z.int().min(1).max(65_535)).default([443]),
  /** A file of certificates in PEM that are trusted beside the public ones. */
  ca: Path.optional(),
  /** Bytes per second; slower than this for a minute is given up, and tried again. */
  leastBytesPerSecond: z
    .int()
    .nonnegative()
    .default(16 * 1024),
})
export type Sources = z.infer<typeof Sources>

/** The settings of tasks: whom children run as, and what may be fetched. */
export const taskSettings = {
  /**
   * Whom programs run as that read images, where the agent runs as root. Best nobody else's: 65530 is of the numbers
   * that neither distributions nor systemd give to anybody.
   */
  copyUser: z.strictObject({ uid: Id, gid: Id }).default({ uid: 65_530, gid: 65_530 }),
  /**
   * Whom restic runs as there: the owner of the repositories in folders. Not `copyUser`, so that what reads images has no
   * way to the backups. `agent` is the agent itself: for repositories that only its own user can reach.
   */
  backupUser: z
    .union([z.strictObject({ uid: Id, gid: Id }), z.literal('agent')])
    .default({ uid: 65_531, gid: 65_531 }),
  sources: Sources.prefault({}),
  stores: Stores,
  /** Where image files are kept while they are used, a folder of the agent's own; `staging` in `state` unless said. */
  staging: Path.optional(),
}
