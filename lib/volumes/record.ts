import * as z from 'zod'

/** What every record of Block Storage has. Times are UTC, as `toISOString` writes them. */
const base = {
  id: z.string(),
  project: z.string(),
  name: z.string().nullable(),
  createdAt: z.string(),
  updatedAt: z.string().nullable(),
  /** Counts writes: each is conditioned on it. */
  version: z.int(),
}

/** States that a volume is left in. */
const settled = [
  'available',
  'in-use',
  'reserved',
  'attaching',
  'detaching',
  'maintenance',
  'error',
  'error_deleting',
  'error_extending',
  'error_restoring',
  'error_backing-up',
  'error_managing',
  'awaiting-transfer',
] as const

/** States that a call or a job is at work in. */
const working = [
  'creating',
  'managing',
  'downloading',
  'uploading',
  'deleting',
  'extending',
  'retyping',
  'reverting',
  'backing-up',
  'restoring-backup',
  'unmanaging',
] as const

export const VolumeStatus = z.enum([...settled, ...working])
export type VolumeStatus = z.infer<typeof VolumeStatus>

export const isWorking = (status: string): boolean => working.some((one) => one === status)

/**
 * What is being done to a volume or snapshot: enough to do it again, should whoever does it be cut off. Every
 * operation may be run twice, so that is all it takes.
 */
export const Work = z.object({
  /** Of this one try; also of the quota it has reserved. */
  id: z.string(),
  action: z.string(),
  input: z.unknown(),
  since: z.string(),
  /** The state to go back to. */
  from: z.string(),
  /** Whether quota is reserved for it. */
  reserved: z.boolean(),
  /** The job that does it, where it takes long. */
  job: z.string().optional(),
  /** What it took the place of, where a job did that: the job has to end first. */
  instead: z.object({ action: z.string(), input: z.unknown(), job: z.string() }).optional(),
  /** Of the call that asked for it. */
  requestId: z.string(),
})
export type Work = z.infer<typeof Work>

export const AttachmentStatus = z.enum([
  'reserved',
  'attaching',
  'attached',
  'detaching',
  'error_attaching',
  'error_detaching',
])
export type AttachmentStatus = z.infer<typeof AttachmentStatus>

/** What a call is doing to an attachment. Where that call was cut off, it is put back or ended by the next look at it. */
export const AttachmentWork = z.object({
  /** Of this one try. */
  id: z.string(),
  action: z.enum(['connect', 'disconnect']),
  since: z.string(),
  /** The state to go back to; null: there was no attachment before. */
  from: AttachmentStatus.nullable(),
})
export type AttachmentWork = z.infer<typeof AttachmentWork>

/** An attachment as Block Storage has it; its connection, once there is one, is in the book under the same id. */
export const AttachmentRecord = z.object({
  id: z.string(),
  createdAt: z.string(),
  status: AttachmentStatus,
  instance: z.string().nullable(),
  mode: z.enum(['rw', 'ro']),
  /** The connector's host. */
  host: z.string().nullable(),
  mountpoint: z.string().nullable(),
  connector: z.record(z.string(), z.unknown()).nullable(),
  /** The driver's `data`, once connected. */
  connection: z.looseObject({ generation: z.int() }).nullable(),
  attachedAt: z.string().nullable(),
  work: AttachmentWork.nullable(),
})
export type AttachmentRecord = z.infer<typeof AttachmentRecord>

/** Which volume an attachment is of: it is kept in that volume's record, and found by this. */
export const AttachmentPointer = z.object({ ...base, volumeId: z.string() })
export type AttachmentPointer = z.infer<typeof AttachmentPointer>

export const VolumeRecord = z.object({
  ...base,
  user: z.string(),
  description: z.string().nullable(),
  /** GiB. */
  size: z.int(),
  status: VolumeStatus,
  typeId: z.string(),
  zone: z.string(),
  snapshotId: z.string().nullable(),
  sourceVolid: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  /** Set once a read-only flag was. */
  readonly: z.boolean().nullable(),
  bootable: z.boolean(),
  imageMetadata: z.record(z.string(), z.string()),
  /** `host@backend#pool`. */
  host: z.string(),
  /** StorPool's own id, once it is there. */
  globalId: z.string().nullable(),
  /** After a migration: the id that the object on the cluster is named after. */
  nameId: z.string().nullable(),
  migrationStatus: z.string().nullable(),
  multiattach: z.boolean(),
  attachments: z.record(z.string(), AttachmentRecord),
  /** Whether it has ever been attached, and so has a page in the book. Of others that page is new. */
  isBooked: z.boolean().default(false),
  /** Ids of its snapshots: a volume that has some is not deleted, and both are decided in one write. */
  snapshots: z.array(z.string()),
  work: Work.nullable(),
})
export type VolumeRecord = z.infer<typeof VolumeRecord>

export const SnapshotStatus = z.enum([
  'creating',
  'available',
  'deleting',
  'error',
  'error_deleting',
  'restoring',
  'backing-up',
  'unmanaging',
])
export type SnapshotStatus = z.infer<typeof SnapshotStatus>

export const SnapshotRecord = z.object({
  ...base,
  user: z.string(),
  description: z.string().nullable(),
  volumeId: z.string(),
  /** GiB: the volume's when it was taken. */
  size: z.int(),
  status: SnapshotStatus,
  progress: z.string(),
  metadata: z.record(z.string(), z.string()),
  /** What a volume made from it begins with. */
  bootable: z.boolean(),
  imageMetadata: z.record(z.string(), z.string()),
  typeId: z.string(),
  host: z.string(),
  globalId: z.string().nullable(),
  work: Work.nullable(),
})
export type SnapshotRecord = z.infer<typeof SnapshotRecord>

export const TypeRecord = z.object({
  ...base,
  name: z.string(),
  description: z.string().nullable(),
  isPublic: z.boolean(),
  extraSpecs: z.record(z.string(), z.string()),
  /** Projects that may use one that is not public. */
  projects: z.array(z.string()),
})
export type TypeRecord = z.infer<typeof TypeRecord>

export const MessageRecord = z.object({
  ...base,
  requestId: z.string(),
  eventId: z.string(),
  resourceType: z.string(),
  resourceId: z.string(),
  userMessage: z.string(),
  level: z.string(),
  /** When it is forgotten, epoch seconds: DynamoDB's time to live. */
  ttl: z.int(),
})
export type MessageRecord = z.infer<typeof MessageRecord>

/** What an administrator has said of a service: only of those that were ever disabled. */
export const ServiceRecord = z.object({
  ...base,
  disabled: z.boolean(),
  reason: z.string().nullable(),
})
export type ServiceRecord = z.infer<typeof ServiceRecord>
