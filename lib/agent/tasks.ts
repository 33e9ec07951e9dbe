import * as z from 'zod'
import { Backup, BackupTags, SnapshotId } from './backups.ts'
import { AttachmentRef, call, GlobalId, Id, Target } from './protocol.ts'
import { FileName, FolderFile, GlanceImage, S3Object, StoreName } from './stores.ts'

/**
 * Work of the agent's that takes long. A function asks for it once and then asks how it stands; every request has an id,
 * and the same id is the same task.
 */

export const ImageFormat = z.enum(['raw', 'qcow2', 'vmdk', 'vhdx', 'vpc', 'vdi'])
export type ImageFormat = z.infer<typeof ImageFormat>

/** An image in the folder the agent's configuration names: a plain file name, never a path. */
export const FolderImage = z.strictObject({ kind: z.literal('folder'), name: FileName })

const promised = {
  /** Hexadecimal digest of the image file, checked before the first write. */
  sha512: z
    .string()
    .regex(/^[0-9a-f]{128}$/)
    .optional(),
  /** Bytes of the image file. */
  sizeBytes: z.int().positive().optional(),
}

/** An image on a server. The agent checks every address it is led to, and takes no other scheme. */
export const HttpsImage = z.strictObject({
  kind: z.literal('https'),
  /** A signature in its query is kept in memory only. */
  url: z
    .url({ protocol: /^https$/ })
    .max(2048)
    .refine((url) => {
      const { username, password } = URL.parse(url) ?? {}
      return !username && !password
    }, 'must hold no credentials'),
  ...promised,
})
export type HttpsImage = z.infer<typeof HttpsImage>

/** An image in a bucket or in Glance, of a store of the agent's configuration. What opens that comes as `secrets`. */
export const S3Image = z.strictObject({ ...S3Object.shape, ...promised })
export const ImageOfGlance = z.strictObject({ ...GlanceImage.shape, ...promised })

export const ImageSource = z.discriminatedUnion('kind', [FolderImage, HttpsImage, S3Image, ImageOfGlance])
export type ImageSource = z.infer<typeof ImageSource>

const Secret = z.string().min(1).max(16_384)

/** What opens a store, from the function that asks. Kept in memory only: no part of what a request is known by. */
export const Secrets = z.strictObject({
  accessKeyId: Secret.optional(),
  secretAccessKey: Secret.optional(),
  sessionToken: Secret.optional(),
  /** Of a repository of backups. */
  password: Secret.optional(),
  /** Keystone's. */
  token: Secret.optional(),
})
export type Secrets = z.infer<typeof Secrets>

const task = {
  ...call,
  /** Idempotency key: one per piece of work, not per attempt. */
  requestId: Id,
  secrets: Secrets.optional(),
}
/** A volume, and the attachment under which it is read or written. */
const Held = z.strictObject({ volume: Target, attachment: AttachmentRef })

/** `new`: the volume reads as zeros everywhere. */
const targetState = z.enum(['new', 'unknown'])

export const CopyImage = z.strictObject({
  ...task,
  ...Held.shape,
  source: ImageSource,
  /** What the caller was told the image is: content must agree. */
  format: ImageFormat,
  /** Hexadecimal digest of the image file, checked before the first write. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  targetState,
})
export type CopyImage = z.infer<typeof CopyImage>

/** Every byte of one volume onto another that is at least as large; both are at this host. */
export const CopyVolume = z.strictObject({ ...task, ...Held.shape, source: Held, targetState })
export type CopyVolume = z.infer<typeof CopyVolume>

export const Destination = z.discriminatedUnion('kind', [FolderFile, S3Object, GlanceImage])
export type Destination = z.infer<typeof Destination>

/** Every byte of a volume as an image file elsewhere. What is read must not change meanwhile, such as a snapshot. */
export const UploadVolume = z
  .strictObject({
    ...task,
    ...Held.shape,
    destination: Destination,
    format: z.enum(['raw', 'qcow2']),
    /** Within the format: of `raw` there is none. */
    compression: z.enum(['zstd', 'zlib', 'none']),
  })
  .refine(({ format, compression }) => format === 'qcow2' || compression === 'none', {
    path: ['compression'],
    message: 'must be none where the format is raw',
  })
export type UploadVolume = z.infer<typeof UploadVolume>
const inRepository = { ...task, repository: StoreName }
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** Every byte of a volume into a repository. What is read must not change meanwhile, such as a snapshot. */
export const BackupVolume = z.strictObject({ ...inRepository, ...Held.shape, tags: BackupTags.optional() })
export type BackupVolume = z.infer<typeof BackupVolume>

/** A backup onto a volume that is at least as large. */
export const RestoreBackup = z.strictObject({
  ...inRepository,
  ...Held.shape,
  snapshotId: SnapshotId,
  /** Bytes of the backup. */
  sizeBytes: z.int().positive(),
  /** Hexadecimal digest of those bytes; the repository's own is compared too. */
  sha256: Sha256.optional(),
  targetState,
})
export type RestoreBackup = z.infer<typeof RestoreBackup>

/** Forget a backup, and free what no other one needs. */
export const DeleteBackup = z.strictObject({ ...inRepository, snapshotId: SnapshotId })
export type DeleteBackup = z.infer<typeof DeleteBackup>

/** Read one backup from its start to its end, or look the repository itself through. */
export const CheckBackup = z.strictObject({
  ...inRepository,
  snapshotId: SnapshotId.optional(),
  /** How much of the repository's data is read; none unless said. Of no meaning with a snapshot, which is read whole. */
  readDataPercent: z.number().gt(0).max(100).optional(),
})
export type CheckBackup = z.infer<typeof CheckBackup>

/** The newest backups of a repository, of one volume, or of those with all these words. */
export const ListBackups = z.strictObject({
  ...inRepository,
  globalId: GlobalId.optional(),
  tags: BackupTags.optional(),
})
export type ListBackups = z.infer<typeof ListBackups>

const of = <Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, { shape }: z.ZodObject<Shape>) =>
  z.strictObject({ kind: z.literal(kind), ...shape })

/** What a task was asked to do; the kind is the operation's name. */
export const TaskRequest = z.discriminatedUnion('kind', [
  of('copy-image', CopyImage),
  of('copy-volume', CopyVolume),
  of('upload-volume', UploadVolume),
  of('backup-volume', BackupVolume),
  of('restore-backup', RestoreBackup),
  of('delete-backup', DeleteBackup),
  of('check-backup', CheckBackup),
  of('list-backups', ListBackups),
])
export type TaskRequest = z.infer<typeof TaskRequest>
export type TaskKind = TaskRequest['kind']
export type RequestOf<Kind extends TaskKind> = Extract<TaskRequest, { kind: Kind }>

export const CancelTask = z.strictObject({
  id: Id,
  /** What opens the store of an upload: a restart has lost it, and there may be parts to throw away. */
  secrets: Secrets.optional(),
})
export type CancelTask = z.infer<typeof CancelTask>

export const TaskState = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled'])
export type TaskState = z.infer<typeof TaskState>

export const TaskResult = z.looseObject({
  /** The volume may hold part of the image: neither what it was nor what it was to become. */
  partlyWritten: z.boolean(),
  /** What the content turned out to be. */
  format: ImageFormat.optional(),
  virtualSizeBytes: z.int().nonnegative().optional(),
  /** Of the file that was made, or of what was read: its bytes, and its digests in hexadecimal. */
  sizeBytes: z.int().nonnegative().optional(),
  sha256: z.string().optional(),
  sha512: z.string().optional(),
  snapshotId: z.string().optional(),
  /** Bytes a repository grew by. */
  addedBytes: z.int().nonnegative().optional(),
  /** The newest first, and how many there are with those left out. */
  backups: z.array(Backup).optional(),
  total: z.int().nonnegative().optional(),
})
export type TaskResult = z.infer<typeof TaskResult>

/** A piece of work on a host. Its id is the `requestId` that began it. */
export const Task = z.looseObject({
  id: z.string(),
  kind: z.string(),
  state: TaskState,
  /** The globalId of the volume it is about, and the generation it works under; of some there is none. */
  volume: z.string().optional(),
  generation: z.int().positive().optional(),
  phase: z.enum(['wait', 'fetch', 'inspect', 'clear', 'copy', 'flush', 'upload', 'check', 'prune', 'done']),
  doneBytes: z.int().nonnegative(),
  /** The image's virtual size or the volume's, so that progress never goes back; 0 until it is known, or of no meaning. */
  totalBytes: z.int().nonnegative(),
  /** Bytes of the image file that have come, where it is fetched from a server. */
  fetchedBytes: z.int().nonnegative().optional(),
  /** Bytes of the image file that were sent, of those it has: once it is sent to a server. */
  uploadedBytes: z.int().nonnegative().optional(),
  fileBytes: z.int().nonnegative().optional(),
  /** Bytes per second over the last moments. */
  bytesPerSecond: z.number().nonnegative(),
  startedAt: z.string(),
  updatedAt: z.string(),
  error: z
    .looseObject({
      code: z.string(),
      message: z.string(),
      retryable: z.boolean(),
      details: z.unknown().optional(),
    })
    .optional(),
  /** Set once the task has ended. */
  result: TaskResult.optional(),
})
export type Task = z.infer<typeof Task>
export const Tasks = z.looseObject({ tasks: z.array(Task) })
