import type { Task } from '../lib/agent/tasks.ts'
import type { TaskRecord } from './state.ts'
import { usesOf } from './uses.ts'

/** A task as the protocol says it. */
export const viewOf = (task: TaskRecord, bytesPerSecond: number): Task => {
  const { id, kind, state, phase, doneBytes, totalBytes, startedAt, updatedAt, error, result } = task
  const { request, fetchedBytes, uploadedBytes, fileBytes } = task
  const [about] = usesOf(request)
  return {
    ...{ id, kind, state, phase, doneBytes, totalBytes, bytesPerSecond },
    ...(about && { volume: about.volume.globalId, generation: about.attachment.generation }),
    ...(fetchedBytes !== undefined && { fetchedBytes }),
    ...(uploadedBytes !== undefined && { uploadedBytes }),
    ...(fileBytes !== undefined && { fileBytes }),
    startedAt,
    updatedAt,
    ...(error && { error }),
    ...(result && { result }),
  }
}

/** Among many: without what a list of backups found. */
export const briefly = (task: Task): Task => {
  const { result, ...rest } = task
  if (result === undefined) return rest
  const { backups: _backups, ...others } = result
  return { ...rest, result: others }
}
