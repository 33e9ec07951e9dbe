import * as z from 'zod'
import { AttachmentRef, call, Id, Target } from './protocol.ts'
import { FileName, FolderFile, GlanceImage, S3Object } from './stores.ts'

/**
 * Work of the agent's that takes long. A function asks for it once and then asks how it stands; every request has an id,
 * and the same id is the same task.
 */

export const ImageFormat = z.enum(['raw', 'qcow2', 'vmdk', 'vhdx', 'vpc', 'vdi'])
export type ImageFormat = z.infer<typeof ImageFormat>

/** An image in the folder the agent's configuration names: a plain file name, never a path. */
export const FolderImage = z.strictObject({ kind: z.literal('folder'), name: FileName })

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
  /** Hexadecimal digest of the image file, checked before the first write. */
  sha512: z
    .string()
    .regex(/^[0-9a-f]{128}$/)
    .optional(),
  /** Bytes of the image file. */
  sizeBytes: z.int().positive().optional(),
})
export type HttpsImage = z.infer<typeof HttpsImage>

export const ImageSource = z.discriminatedUnion('kind', [FolderImage, HttpsImage])
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

const of = <Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, { shape }: z.ZodObject<Shape>) =>
  z.strictObject({ kind: z.literal(kind), ...shape })

/** What a task was asked to do; the kind is the operation's name. */
export const TaskRequest = z.discriminatedUnion('kind', [
  of('copy-image', CopyImage),
  of('copy-volume', CopyVolume),
  of('upload-volume', UploadVolume),
])
export type TaskRequest = z.infer<typeof TaskRequest>
export type TaskKind = TaskRequest['kind']
export type RequestOf<Kind extends TaskKind> = Extract<TaskRequest, { kind: Kind }>

export const CancelTask = z.strictObject({ id: Id })
export type CancelTask = z.infer<typeof CancelTask>

export const TaskState = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled'])
export type TaskState = z.infer<typeof TaskState>

export const TaskResult = z.looseObject({
  /** The volume may hold part of the image: neither what it was nor what it was to become. */
  partlyWritten: z.boolean(),
  /** What the content turned out to be. */
  format: ImageFormat.optional(),
  virtualSizeBytes: z.int().nonnegative().optional(),
  /** Of the file that was made: its bytes, and its digests in hexadecimal. */
  sizeBytes: z.int().nonnegative().optional(),
  sha256: z.string().optional(),
  sha512: z.string().optional(),
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
  phase: z.enum(['wait', 'fetch', 'inspect', 'copy', 'flush', 'upload', 'done']),
  doneBytes: z.int().nonnegative(),
  /** The image's virtual size, of a volume that is read its own, so that progress never goes back; 0 until it is known. */
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
