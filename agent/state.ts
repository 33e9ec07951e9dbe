import { createHash } from 'node:crypto'
import * as z from 'zod'
import { ImageFormat, Task, TaskRequest } from '../lib/agent/tasks.ts'

/** What the agent knows of a volume: who may act on it, and who wrote on it last. */
export const VolumeRecord = z.strictObject({
  t: z.literal('volume'),
  globalId: z.string(),
  /** The highest seen. */
  generation: z.int().positive(),
  attachmentId: z.string(),
  /** Released: this generation may do nothing more. */
  released: z.boolean(),
  /** Told by somebody who had just looked it up, after this agent's memory began. */
  adopted: z.literal(true).optional(),
  /** The task that wrote last: another one cannot take the volume for new. */
  writtenBy: z.string().optional(),
})
export type VolumeRecord = z.infer<typeof VolumeRecord>

export const TaskRecord = Task.pick({
  id: true,
  kind: true,
  state: true,
  phase: true,
  fetchedBytes: true,
  uploadedBytes: true,
  fileBytes: true,
  doneBytes: true,
  totalBytes: true,
  startedAt: true,
  updatedAt: true,
  error: true,
  result: true,
}).extend({
  t: z.literal('task'),
  /** Without what is secret in it. */
  request: TaskRequest,
  /** Of the request: the same id with another is a conflict. */
  hash: z.string(),
  /** What was inspected: the file copied from must still be that one. */
  image: z.strictObject({ identity: z.string(), format: ImageFormat, virtualSize: z.int() }).optional(),
  /** What of the image file is on the disk of the staging folder, and what it is part of. */
  staged: z
    .strictObject({ bytes: z.int().nonnegative(), tag: z.string().optional(), complete: z.boolean() })
    .optional(),
  /** The file that was made of a volume, by its inode: under its final name it is this task's own. */
  made: z.string().optional(),
  /** Its digests, in hexadecimal, once it was read to its end. */
  digests: z.strictObject({ sha256: z.string(), sha512: z.string().optional() }).optional(),
  /**
   * Of parts that a server keeps until they are put together, or thrown away. An empty id: it was asked to begin, and
   * what it answered is not known.
   */
  multipart: z
    .strictObject({
      uploadId: z.string(),
      partBytes: z.int().positive(),
      gone: z.literal(true).optional(),
    })
    .optional(),
  /** Everything below this offset is written and flushed. */
  checkpoint: z.int().nonnegative(),
  /** The device may have been written to. */
  wrote: z.boolean(),
  /** What lies behind the image on the volume is to become zeros; decided before the first write. */
  clearsTail: z.boolean(),
  /** Asked to stop, and why: after a crash it must not go on. */
  stopping: z.strictObject({ code: z.string(), message: z.string() }).optional(),
})
export type TaskRecord = z.infer<typeof TaskRecord>

/** How far a task is. A field left out stays. */
const Progress = z.strictObject({
  t: z.literal('progress'),
  id: z.string(),
  at: z.string(),
  fetchedBytes: z.int().nonnegative().optional(),
  uploadedBytes: z.int().nonnegative().optional(),
  doneBytes: z.int().nonnegative(),
  checkpoint: z.int().nonnegative().optional(),
})

/** When the agent's memory begins: of what was before it knows nothing. */
const Begun = z.strictObject({ t: z.literal('begun'), at: z.string() })

export const JournalRecord = z.discriminatedUnion('t', [VolumeRecord, TaskRecord, Progress, Begun])
export type JournalRecord = z.infer<typeof JournalRecord>

export interface State {
  begun: string | undefined
  readonly volumes: Map<string, VolumeRecord>
  readonly tasks: Map<string, TaskRecord>
}

export const emptyState = (): State => ({
  begun: undefined,
  volumes: new Map(),
  tasks: new Map(),
})

/** Put a record into the state; again changes nothing. */
export const apply = (state: State, record: JournalRecord): void => {
  if (record.t === 'volume') return void state.volumes.set(record.globalId, record)
  if (record.t === 'task') return void state.tasks.set(record.id, record)
  if (record.t === 'begun') {
    state.begun = record.at
    return
  }
  const task = state.tasks.get(record.id)
  if (task === undefined) return
  state.tasks.set(record.id, {
    ...task,
    updatedAt: record.at,
    ...(record.fetchedBytes !== undefined && { fetchedBytes: record.fetchedBytes }),
    ...(record.uploadedBytes !== undefined && { uploadedBytes: record.uploadedBytes }),
    doneBytes: record.doneBytes,
    checkpoint: record.checkpoint ?? task.checkpoint,
  })
}

/** How long an ended task is remembered, so that a repeated request finds it. */
const rememberedMs = 14 * 24 * 3600 * 1000

/** The state as records, without the tasks that ended long ago. */
export function* records(state: State): Generator<JournalRecord> {
  if (state.begun !== undefined) yield { t: 'begun', at: state.begun }
  yield* state.volumes.values()
  const since = Date.now() - rememberedMs
  for (const task of state.tasks.values()) {
    if (!hasEnded(task) || Date.parse(task.updatedAt) > since) yield task
    else state.tasks.delete(task.id)
  }
}

export const hasEnded = (task: Pick<TaskRecord, 'state'>): boolean =>
  task.state !== 'queued' && task.state !== 'running'

/** The same for the same work, in whatever order its keys came: a parsed request has the schema's order. */
export const hashOf = ({ deadline: _deadline, secrets: _secrets, ...work }: TaskRequest): string =>
  createHash('sha256').update(JSON.stringify(work)).digest('hex')
