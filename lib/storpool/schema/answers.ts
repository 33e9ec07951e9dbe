import * as z from 'zod'
import { GlobalId, Rights } from './values.ts'

/** The body of a refusal. */
export const ErrorBody = z.looseObject({
  name: z.string().default('<no error name>'),
  descr: z.string().default('<no description>'),
  transient: z.boolean().default(false),
})

export const Ok = z.looseObject({
  ok: z.literal(true),
  generation: z.int().optional(),
  info: z.string().optional(),
})
export type Ok = z.infer<typeof Ok>
export const VolumeCreated = z.looseObject({
  ...Ok.shape,
  autoName: z.string().optional(),
  name: z.string().optional(),
  globalId: GlobalId.optional(),
})
export type VolumeCreated = z.infer<typeof VolumeCreated>
export const SnapshotCreated = z.looseObject({
  ...Ok.shape,
  autoName: z.string().optional(),
  snapshotGlobalId: GlobalId.optional(),
  snapshotVisibleVolumeId: z.int().optional(),
})
export type SnapshotCreated = z.infer<typeof SnapshotCreated>

export const VolumesGroupSnapshotted = z.looseObject({
  snapshots: z.array(
    z.looseObject({
      /** The source. */
      volume: z.string(),
      volumeGlobalId: GlobalId,
      /** The new snapshot's name, when it has one. */
      snapshot: z.string().optional(),
      snapshotGlobalId: GlobalId,
    }),
  ),
})
export type VolumesGroupSnapshotted = z.infer<typeof VolumesGroupSnapshotted>

/** Some clients send no tags as an empty string, and a server may answer so. */
const tagsRead = z
  .preprocess((tags) => (tags === '' ? {} : tags), z.record(z.string(), z.string()))
  .optional()

const summary = {
  /** The name, or `~globalId` for an object without one. */
  name: z.string(),
  globalId: GlobalId,
  /** The snapshot this is a child of; empty when there is none. */
  parentName: z.string().optional(),
  /** The template the object really uses; empty when there is none. */
  templateName: z.string().optional(),
  /** Bytes. */
  size: z.int().nonnegative(),
  replication: z.union([z.int(), z.literal('-')]).optional(),
  placeAll: z.string().optional(),
  placeTail: z.string().optional(),
  placeHead: z.string().optional(),
  /** KB per second, or `-`. */
  bw: z.union([z.int(), z.literal('-')]).optional(),
  iops: z.union([z.int(), z.literal('-')]).optional(),
  creationTimestamp: z.int().optional(),
  tags: tagsRead,
  clusterName: z.string().optional(),
  clusterId: z.string().optional(),
}
export const VolumeSummary = z.looseObject(summary)
export type VolumeSummary = z.infer<typeof VolumeSummary>

/** The disks that hold the copies of one piece. */
const DiskSet = z.array(z.int())
export const VolumeDescription = z.looseObject({
  ...summary,
  /** Where pieces are to be. */
  targetDiskSets: z.array(DiskSet),
  /** Where each piece is now. */
  objects: z.array(DiskSet),
})
export type VolumeDescription = z.infer<typeof VolumeDescription>

export const SnapshotSummary = z.looseObject({
  ...summary,
  /** The volume it is the direct parent of. */
  onVolume: z.string().optional(),
  bound: z.boolean().optional(),
  deleted: z.boolean().optional(),
  transient: z.boolean().optional(),
  recoveringFromRemote: z.boolean().optional(),
  targetDeleteDate: z.int().optional(),
  createdFromGlobalId: z.string().optional(),
})
export type SnapshotSummary = z.infer<typeof SnapshotSummary>

const space = {
  /** Bytes of client data of its own, copies not counted. */
  storedSize: z.int(),
  /** Bytes: a volume's with its ancestors', a snapshot's that deleting it would free. */
  spaceUsed: z.int(),
}
export const VolumeSpace = z.looseObject({ ...VolumeSummary.shape, ...space })
export type VolumeSpace = z.infer<typeof VolumeSpace>
export const SnapshotSpace = z.looseObject({ ...SnapshotSummary.shape, ...space })
export type SnapshotSpace = z.infer<typeof SnapshotSpace>

/** Of a volume or a snapshot. */
export const VolumeStatus = z.looseObject({
  /** `up`, `up soon`, `data lost` or `down`. */
  status: z.string(),
  snapshot: z.boolean(),
  /** Its data is on the way to other disks. */
  migrating: z.boolean(),
  decreasedRedundancy: z.boolean(),
  balancerBlocked: z.boolean().optional(),
  syncingDataBytes: z.int().optional(),
  syncingMetaObjects: z.int().optional(),
  /** Bytes nobody can read at the moment. */
  downBytes: z.int().optional(),
  objectsCount: z.int().optional(),
  /** Bytes, absent in a quick answer. */
  storedSize: z.int().optional(),
  onDiskSize: z.int().optional(),
})
export type VolumeStatus = z.infer<typeof VolumeStatus>

export const Attachment = z.looseObject({
  /** The name, for snapshots too. */
  volume: z.string(),
  snapshot: z.boolean(),
  client: z.int(),
  rights: Rights,
  /** 0 to 1023. */
  pos: z.int().optional(),
  globalId: GlobalId.optional(),
  cluster: z.string().optional(),
  clusterId: z.string().optional(),
})
export type Attachment = z.infer<typeof Attachment>
