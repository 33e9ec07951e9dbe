import * as z from 'zod'

/**
 * Every shape on the wire, in StorPool's names and units. Requests are strict: what is sent is what is
 * declared here, and the simulator refuses anything else. Answers are open: a newer server may say more.
 *
 * @see python-storpool 7.3.0, sptypes.py: names, ranges and fields
 */

const GLOBAL_ID = '[a-z0-9]+\\.[a-z0-9]+\\.[a-z0-9]+'
const notReserved = (name: string) => name !== 'list' && name !== 'status'

/** 1 to 199 characters; a leading `#` marks a system object. */
export const VolumeName = z
  .string()
  .max(199)
  .regex(/^#?[A-Za-z0-9_\-.:]+$/)
  .refine(notReserved, 'a reserved word')
/** 1 to 199 characters; a leading `*` marks a snapshot that is being deleted. */
export const SnapshotName = z
  .string()
  .max(199)
  .regex(/^\*?[A-Za-z0-9_\-.:@]+$/)
  .refine(notReserved, 'a reserved word')
/** `location.cluster.object`, such as `bzk.b.gj`. */
export const GlobalId = z.string().regex(new RegExp(`^${GLOBAL_ID}$`))
/** A global id where a name is expected: `~bzk.b.gj`. */
export const TildeGlobalId = z.string().regex(new RegExp(`^~${GLOBAL_ID}$`))
export const VolumeRef = z.union([VolumeName, TildeGlobalId])
export const SnapshotRef = z.union([SnapshotName, TildeGlobalId])
export const TemplateName = z
  .string()
  .max(199)
  .regex(/^[A-Za-z0-9_-]+$/)
  .refine((name) => name !== 'list', 'a reserved word')
export const PlacementGroupName = z
  .string()
  .max(127)
  .regex(/^[A-Za-z0-9_-]+$/)
  .refine((name) => name !== 'list', 'a reserved word')
export const ClusterName = z
  .string()
  .max(63)
  .regex(/^[A-Za-z0-9_\-.:]+$/)
export const TagName = z
  .string()
  .max(199)
  .regex(/^[A-Za-z0-9_\-.:]+$/)
export const TagValue = z
  .string()
  .max(199)
  .regex(/^[A-Za-z0-9_\-.:]*$/)
export const Tags = z.record(TagName, TagValue)
export type Tags = z.infer<typeof Tags>

/** Bytes, a positive multiple of 512. */
export const SizeBytes = z.int().positive().multipleOf(512)
export const Replication = z.int().min(1).max(3)
/** A limit: requests per second (`iops`) or KB per second (`bw`); `-` means none. */
export const Limit = z.union([z.int().nonnegative(), z.literal('-')])
/** 1 to 4095. The server takes a decimal string as well as a number. */
export const ClientId = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^[0-9]+$/)
      .transform(Number),
  ])
  .pipe(z.int().min(1).max(4095))
export const Rights = z.enum(['rw', 'ro'])
export const OnAttached = z.enum(['fail', 'detach', 'detachForce', 'export'])
/** Unix seconds, or a count of seconds. */
export const Seconds = z.int().nonnegative()
