import * as z from 'zod'

/** What is kept of everything, as it stands in the store: parsed when a data folder is opened. */

const limit = z.union([z.int(), z.literal('-')])

export const Policy = z.object({
  placeAll: z.string(),
  placeTail: z.string(),
  placeHead: z.string(),
  replication: z.int(),
  bw: limit,
  iops: limit,
  limitType: z.enum(['total', 'perGiB']).optional(),
  reuseServer: z.boolean().optional(),
})
export type Policy = z.infer<typeof Policy>

/** A volume or a snapshot. */
export const Thing = z.object({
  gid: z.string(),
  /** The number it was created with, `visibleVolumeId`. */
  id: z.int(),
  kind: z.enum(['volume', 'snapshot']),
  /** Id of the cluster that owns it. */
  cluster: z.string(),
  /** Empty when it has none. */
  name: z.string(),
  /** Global id of the snapshot it is a child of; empty for none. */
  parent: z.string(),
  size: z.int(),
  /** Number of its template; 0 for none. */
  template: z.int(),
  policy: Policy,
  /** Members of the policy that were given for this object and that its template does not change. */
  pinned: z.array(z.string()),
  tags: z.record(z.string(), z.string()),
  created: z.int(),
  /** Number of the file with its bytes; 0 while nothing was ever written. */
  file: z.int(),
  /** How many bytes of the file are its own; what lies beyond reads as zeros. */
  length: z.int(),
  /** Snapshots: the volume it was made of. */
  from: z.string().default(''),
  fromId: z.int().default(0),
  autoName: z.boolean().default(false),
  bound: z.boolean().default(false),
  deleted: z.boolean().default(false),
  transient: z.boolean().default(false),
  /** Unix seconds at which it deletes itself; 0 for never. */
  deleteDate: z.int().default(0),
  /** Global id of the remote snapshot it is a copy of. */
  remoteId: z.string().default(''),
  backup: z.boolean().default(false),
  /** Its pieces are on the way from where this policy had them. */
  relocating: z.object({ from: Policy, since: z.int() }).optional(),
  /** Since when (Unix milliseconds) its data comes from another cluster. */
  arriving: z.int().optional(),
  /** It is being made independent of its parents, for this one or none (`''`). */
  rebasing: z.object({ to: z.string(), since: z.int() }).optional(),
})
export type Thing = z.infer<typeof Thing>

export const AttachmentRecord = z.object({
  gid: z.string(),
  cluster: z.string(),
  client: z.int(),
  rights: z.enum(['rw', 'ro']),
  pos: z.int(),
})
export type AttachmentRecord = z.infer<typeof AttachmentRecord>

export const TemplateRecord = z.object({
  id: z.int(),
  cluster: z.string(),
  name: z.string(),
  /** Name of the snapshot its volumes are children of; empty for none. */
  parent: z.string(),
  size: z.union([z.int(), z.literal('-')]),
  placeAll: z.string(),
  placeTail: z.string(),
  placeHead: z.string(),
  replication: z.union([z.int(), z.literal('-')]),
  bw: limit,
  iops: limit,
  limitType: z.enum(['total', 'perGiB']).optional(),
  reuseServer: z.boolean().optional(),
})
export type TemplateRecord = z.infer<typeof TemplateRecord>

export const GroupRecord = z.object({
  id: z.int(),
  cluster: z.string(),
  name: z.string(),
  disks: z.array(z.int()),
})
export type GroupRecord = z.infer<typeof GroupRecord>

export const DiskRecord = z.object({
  id: z.int(),
  cluster: z.string(),
  server: z.int(),
  ssd: z.boolean(),
  up: z.boolean(),
  description: z.string(),
  softEject: z.enum(['on', 'off', 'paused']),
})
export type DiskRecord = z.infer<typeof DiskRecord>

export const BucketRecord = z.object({
  cluster: z.string(),
  name: z.string(),
  version: z.int(),
  pairs: z.record(z.string(), z.string()),
})
export type BucketRecord = z.infer<typeof BucketRecord>

/** That another place may read an object of ours. */
export const ExportRecord = z.object({
  gid: z.string(),
  cluster: z.string(),
  /** Name of the location or of the cluster. */
  to: z.string(),
})
export type ExportRecord = z.infer<typeof ExportRecord>

export const Counter = z.int()
