import type { TaskRequest } from '../lib/agent/tasks.ts'
import type { TaskRecord } from './state.ts'

/** It was cut off, and what it needed to go on was in the caller's hands: asked for again, it goes on. */
export const mayBeginAnew = ({ error }: TaskRecord) => error?.code === 'interrupted'

export const begunAnew = (known: TaskRecord, request: TaskRequest): TaskRecord => {
  const { error: _error, result: _result, ...rest } = known
  return { ...rest, ...withoutSecrets(request), state: 'queued', updatedAt: new Date().toISOString() }
}

export const newTask = (request: TaskRequest, hash: string): TaskRecord => {
  const now = new Date().toISOString()
  return {
    t: 'task',
    id: request.requestId,
    kind: request.kind,
    state: 'queued',
    phase: 'wait',
    doneBytes: 0,
    totalBytes: 0,
    startedAt: now,
    updatedAt: now,
    ...withoutSecrets(request),
    hash,
    checkpoint: 0,
    wrote: false,
    clearsTail: false,
  }
}

/**
 * What may be written down of a request. The query of an address may be a signature, which is as good as a password.
 */
const withoutSecrets = ({ secrets, ...request }: TaskRequest): Pick<TaskRecord, 'request' | 'withheld'> => {
  const written = withoutQuery(request)
  return secrets === undefined && written === request ? { request } : { request: written, withheld: true }
}

const withoutQuery = (request: TaskRequest): TaskRequest => {
  if (request.kind !== 'copy-image' || request.source.kind !== 'https') return request
  const url = new URL(request.source.url)
  if (url.search === '') return request
  url.search = ''
  return { ...request, source: { ...request.source, url: url.href } }
}
