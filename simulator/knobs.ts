import * as z from 'zod'
import { GlobalId } from '../lib/storpool/schema/values.ts'

const count = z.int().nonnegative()

/**
 * What nobody outside StorPool knows for sure, or what differs between installations. The defaults are the
 * likeliest or the strictest behaviour.
 */
export const Knobs = z.strictObject({
  /** A written set of tags is merged into the old one (`""` removes a tag) or replaces it. */
  tagsMode: z.enum(['merge', 'replace']),
  /** HTTP status by error name; what is absent has the built-in one. */
  errorHttpStatus: z.record(z.string(), z.int().min(200).max(599)),
  /** Errors come with HTTP 200, told apart only by the member `error`. */
  errorsAs200: z.boolean(),
  /** Refuse `null` members; off, they count as absent. */
  rejectNulls: z.boolean(),
  /** Percent-decode the arguments in a path. */
  decodePath: z.boolean(),
  childSmallerThanParent: z.enum(['error', 'grow']),
  revertWithoutRevertSize: z.enum(['keep', 'adopt']),
  revertResetsLimits: z.boolean(),
  revertAttached: z.enum(['busy', 'ok']),
  snapshotDeleteWithChildren: z.enum(['defer', 'busy']),
  /** How long a deleted snapshot goes on being listed, at least. */
  snapshotDeleteDelayMs: count,
  /** Off: an older server, to which `onAttached` is an unknown member. */
  deleteKnowsOnAttached: z.boolean(),
  /** Off: the answer to a create does not tell the global id, as the type library allows. */
  createAnswersGlobalId: z.boolean(),
  /** The name of the refusal to detach an open device. */
  openError: z.enum(['busy', 'invalidParam']),
  /** Queries that are not multi-cluster calls in any client are taken under `MultiCluster/` all the same. */
  multiClusterAny: z.boolean(),
  /** Devices some process holds open: global ids by client id. */
  openDevices: z.record(z.string(), z.array(GlobalId)),
  /** Registered clients whose block service is away. */
  missingClients: z.array(z.int()),
  /** How far clients are behind the cluster's configuration. */
  clientLagMs: count,
  maxAttachmentsPerClient: z.int().min(0).max(1024),
  /** Bytes on the disks of a placement group, all copies counted; absent means what its disks have. */
  capacityBytes: z.record(z.string(), count),
  /** How fast data moves to where a new template wants it, each copy at a time; 0 means at once. */
  relocationBytesPerSecond: count,
  /** How fast data follows a volume to another cluster; 0 means at once. */
  remoteCopyBytesPerSecond: count,
  /** How fast a rebased object becomes independent of the parents it leaves; 0 means at once. */
  rebaseBytesPerSecond: count,
  /** Off: the server closes each connection after its answer. */
  keepAlive: z.boolean(),
})
export type Knobs = z.infer<typeof Knobs>

/** Some of the knobs. */
export const Adjustment = Knobs.partial()
export type Adjustment = z.infer<typeof Adjustment>

export const defaultKnobs: Knobs = {
  tagsMode: 'merge',
  errorHttpStatus: {},
  errorsAs200: false,
  rejectNulls: true,
  decodePath: true,
  childSmallerThanParent: 'error',
  revertWithoutRevertSize: 'keep',
  revertResetsLimits: true,
  revertAttached: 'busy',
  snapshotDeleteWithChildren: 'defer',
  snapshotDeleteDelayMs: 50,
  deleteKnowsOnAttached: true,
  createAnswersGlobalId: true,
  openError: 'busy',
  multiClusterAny: false,
  openDevices: {},
  missingClients: [],
  clientLagMs: 0,
  maxAttachmentsPerClient: 1024,
  capacityBytes: {},
  relocationBytesPerSecond: 0,
  remoteCopyBytesPerSecond: 0,
  rebaseBytesPerSecond: 0,
  keepAlive: true,
}

/** The knobs with some of them turned. */
export const turned = (knobs: Knobs, adjustment: Adjustment): Knobs => {
  const given = Object.entries(Adjustment.parse(adjustment)).filter(([, value]) => value !== undefined)
  return Knobs.parse({ ...knobs, ...Object.fromEntries(given) })
}
