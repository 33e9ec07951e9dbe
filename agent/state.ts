import { createHash } from 'node:crypto'
import * as z from 'zod'
import { CopyImage, ImageFormat, Task } from '../lib/agent/protocol.ts'

/** What the agent knows of a volume: who may act on it, and who wrote on it last. */
export const VolumeRecord = z.strictObject({
  t: z.literal('volume'),
  globalId: z.string(),
  /** The highest seen. */
  generation: z.int().positive(),
  attachmentId: z.string(),
  /** Released: this generation may do nothing more. */
  released: z.boolean(),
  /** The task that wrote last: another one cannot take the volume for new. */
  writtenBy: z.string().optional(),
})
export type VolumeRecord = z.infer<typeof VolumeRecord>

export const TaskRecord = Task.pick({
  id: true,
  kind: true,
  state: true,
  phase: true,
  doneBytes: true,
  totalBytes: true,
  startedAt: true,
  updatedAt: true,
  error: true,
  result: true,
}).extend({
  t: z.literal('task'),
  request: CopyImage,
  /** Of the request: the same id with another is a conflict. */
  hash: z.string(),
  /** What was inspected: the file copied from must still be that one. */
  image: z.strictObject({ identity: z.string(), format: ImageFormat, virtualSize: z.int() }).optional(),
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
  doneBytes: z.int().nonnegative(),
  checkpoint: z.int().nonnegative().optional(),
})

export const JournalRecord = z.discriminatedUnion('t', [VolumeRecord, TaskRecord, Progress])
export type JournalRecord = z.infer<typeof JournalRecord>

export interface State {
  readonly volumes: Map<string, VolumeRecord>
  readonly tasks: Map<string, TaskRecord>
}

export const emptyState = (): State => ({ volumes: new Map(), tasks: new Map() })

/** Put a record into the state; again changes nothing. */
export const apply = (state: State, record: JournalRecord): void => {
  if (record.t === 'volume') return void state.volumes.set(record.globalId, record)
  if (record.t === 'task') return void state.tasks.set(record.id, record)
  const task = state.tasks.get(record.id)
  if (task === undefined) return
  state.tasks.set(record.id, {
    ...task,
    updatedAt: record.at,
    doneBytes: record.doneBytes,
    checkpoint: record.checkpoint ?? task.checkpoint,
  })
}

/** How long an ended task is remembered, so that a repeated request finds it. */
const rememberedMs = 14 * 24 * 3600 * 1000

/** The state as records, without the tasks that ended long ago. */
export function* records(state: State): Generator<JournalRecord> {
  yield* state.volumes.values()
  const since = Date.now() - rememberedMs
  for (const task of state.tasks.values()) {
    if (!hasEnded(task) || Date.parse(task.updatedAt) > since) yield task
    else state.tasks.delete(task.id)
  }
}

export const hasEnded = (task: Pick<TaskRecord, 'state'>): boolean =>
  task.state !== 'queued' && task.state !== 'running'

/** The same for the same content, in whatever order its keys came: a parsed request has the schema's order. */
export const hashOf = (request: CopyImage): string =>
  createHash('sha256').update(JSON.stringify(request)).digest('hex')
