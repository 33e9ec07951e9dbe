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

const policy = {
  placeAll: PlacementGroupName.optional(),
  placeTail: PlacementGroupName.optional(),
  placeHead: PlacementGroupName.optional(),
  replication: Replication.optional(),
  bw: Limit.optional(),
  iops: Limit.optional(),
  reuseServer: z.boolean().optional(),
  tags: Tags.optional(),
}

export const VolumeCreateDesc = z.strictObject({
  name: VolumeName.optional(),
  size: SizeBytes.optional(),
  parent: SnapshotRef.optional(),
  baseOn: VolumeRef.optional(),
  template: TemplateName.optional(),
  ...policy,
})
export type VolumeCreateDesc = z.infer<typeof VolumeCreateDesc>

export const VolumeUpdateDesc = z.strictObject({
  /** The empty string drops the name. */
  rename: z.union([VolumeName, z.literal('')]).optional(),
  size: SizeBytes.optional(),
  /** Relative, hence not repeatable: the driver never sends it. */
  sizeAdd: SizeBytes.optional(),
  template: TemplateName.optional(),
  shrinkOk: z.boolean().optional(),
  ...policy,
})
export type VolumeUpdateDesc = z.infer<typeof VolumeUpdateDesc>

export const VolumeDeleteDesc = z.strictObject({ onAttached: OnAttached.optional() })
export type VolumeDeleteDesc = z.infer<typeof VolumeDeleteDesc>

export const VolumeRevertDesc = z.strictObject({
  toSnapshot: SnapshotRef,
  revertSize: z.boolean().optional(),
})
export type VolumeRevertDesc = z.infer<typeof VolumeRevertDesc>

/** No parent means none at all. */
export const RebaseDesc = z.strictObject({ parentName: SnapshotRef.optional() })
export type RebaseDesc = z.infer<typeof RebaseDesc>

export const VolumeMoveDesc = z.strictObject({ cluster: ClusterName, onAttached: OnAttached.optional() })
export type VolumeMoveDesc = z.infer<typeof VolumeMoveDesc>

const deletion = { targetDeleteDate: Seconds.optional(), deleteAfter: Seconds.optional() }

export const VolumeSnapshotDesc = z.strictObject({
  name: VolumeName.optional(),
  bind: z.boolean().optional(),
  tags: Tags.optional(),
  ...deletion,
})
export type VolumeSnapshotDesc = z.infer<typeof VolumeSnapshotDesc>

export const SnapshotUpdateDesc = z.strictObject({
  rename: VolumeName.optional(),
  template: TemplateName.optional(),
  bind: z.boolean().optional(),
  ...deletion,
  ...policy,
})
export type SnapshotUpdateDesc = z.infer<typeof SnapshotUpdateDesc>

export const VolumesGroupSnapshotDesc = z.strictObject({
  volumes: z.array(z.strictObject({ volume: VolumeRef, name: VolumeName.optional(), tags: Tags.optional() })),
  /** For each of the snapshots. */
  tags: Tags.optional(),
})
export type VolumesGroupSnapshotDesc = z.infer<typeof VolumesGroupSnapshotDesc>

const detach = z.union([z.array(ClientId), z.literal('all')]).optional()

export const VolumeReassignDesc = z.strictObject({
  volume: VolumeRef,
  detach,
  ro: z.array(ClientId).optional(),
  rw: z.array(ClientId).optional(),
  force: z.boolean().optional(),
  allowRemoteExported: z.boolean().optional(),
  onRemoteAttached: OnAttached.optional(),
  mcMode: z.enum(['move', 'export']).optional(),
})
export const SnapshotReassignDesc = z.strictObject({
  snapshot: SnapshotRef,
  detach,
  ro: z.array(ClientId).optional(),
  force: z.boolean().optional(),
})
export const ReassignList = z.array(z.union([VolumeReassignDesc, SnapshotReassignDesc]))
export const VolumesReassignWaitDesc = z.strictObject({
  reassign: ReassignList,
  /** Seconds to wait for hosts that are away; 0 returns at once, absent waits without limit. */
  attachTimeout: Seconds.optional(),
})
export type VolumesReassignWaitDesc = z.infer<typeof VolumesReassignWaitDesc>

// Answers.

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

/** A sum of bytes. It may be more than the 8 PiB up to which numbers here count by ones. */
const Bytes = z.number()

const estimate = z.looseObject({ capacity: Bytes, free: Bytes })
export const TemplateStatus = z.looseObject({
  name: z.string(),
  placeAll: z.string(),
  placeTail: z.string(),
  placeHead: z.string(),
  replication: z.union([z.int(), z.literal('-')]),
  volumesCount: z.int(),
  snapshotsCount: z.int(),
  /** Bytes provisioned by volumes. */
  size: Bytes,
  storedSize: Bytes,
  onDiskSize: Bytes.optional(),
  /** Bytes a client can write, copies already accounted for. */
  stored: estimate,
})
export type TemplateStatus = z.infer<typeof TemplateStatus>

export const Template = z.looseObject({
  name: z.string(),
  placeAll: z.string().optional(),
  placeTail: z.string().optional(),
  placeHead: z.string().optional(),
  size: z.union([z.int(), z.literal('-')]).optional(),
  replication: z.union([z.int(), z.literal('-')]).optional(),
})
export type Template = z.infer<typeof Template>

/** The other clusters of the location, and where they are. */
export const Clusters = z.looseObject({ clusters: z.array(z.looseObject({ name: z.string() })) })
export type Clusters = z.infer<typeof Clusters>

const service = z.looseObject({ id: z.int(), status: z.string() })
export const Services = z.looseObject({
  clusterStatus: z.string(),
  clients: z.record(z.string(), service).default({}),
  servers: z.record(z.string(), service).default({}),
  mgmt: z
    .record(z.string(), z.looseObject({ id: z.int(), status: z.string(), active: z.boolean().optional() }))
    .default({}),
})
export type Services = z.infer<typeof Services>

export const ClientConfigStatus = z.looseObject({
  id: z.int(),
  /** The cluster's, and the client's own: the same when it is up to date. */
  generation: z.int(),
  clientGeneration: z.int(),
  configStatus: z.enum(['ok', 'updating', 'down']),
  delay: z.int().optional(),
})
export type ClientConfigStatus = z.infer<typeof ClientConfigStatus>

/** A disk; what is optional is there when it is up. */
export const Disk = z.looseObject({
  id: z.int(),
  serverId: z.int(),
  ssd: z.boolean(),
  /** -1 when the disk is up, else the generation at which it left. */
  generationLeft: z.int(),
  model: z.string().optional(),
  serial: z.string().optional(),
  description: z.string().optional(),
  softEject: z.enum(['on', 'off', 'paused']),
  /** Of 512 bytes each. */
  sectorsCount: z.int().optional(),
  objectsAllocated: z.int().optional(),
  objectsCount: z.int().optional(),
  /** Bytes. */
  objectsOnDiskSize: z.int().optional(),
  /** Allocation groups of 512 MiB; internal to StorPool. */
  agCount: z.int().optional(),
  agFree: z.int().optional(),
  agAllocated: z.int().optional(),
})
export type Disk = z.infer<typeof Disk>
