import type { TaskRequest } from '../lib/agent/tasks.ts'
import type { Context } from './context.ts'
import type { TaskRecord } from './state.ts'

/** A task that runs, as its work sees it. */
export interface Run<Request extends TaskRequest = TaskRequest> {
  readonly context: Context
  readonly signal: AbortSignal
  /** What was asked for, with what is secret in it. */
  readonly request: Request
  /** As it stands now. */
  task(): TaskRecord
  /** Change the record; on the disk when it resolves. */
  update(patch: Partial<TaskRecord>): Promise<void>
  /** Say how much of a file has come from a server. */
  fetched(bytes: number): void
  /** Say how much of a file has gone to a server, and how far that makes it, where that is the same work. */
  uploaded(bytes: number, doneBytes?: number): void
  /** Say how far it is. */
  progress(doneBytes: number): void
  /** Everything below `offset` is done for good. */
  checkpoint(offset: number): Promise<void>
}
