import { passingFaults } from '../lib/agent/protocol.ts'
import type { TaskRequest } from '../lib/agent/tasks.ts'
import type { TaskRecord } from './state.ts'

/** It was cut off, and what it needs to go on is in the caller's hands: asked for again, it goes on. */
export const mayBeginAnew = ({ error }: TaskRecord) => error?.code === 'interrupted'

/** It failed of what passes by itself, and nothing is left of it to go on from. */
export const mayBeTriedAgain = ({ error }: TaskRecord) => passingFaults.includes(error?.code ?? '')

export const begunAnew = (known: TaskRecord, request: TaskRequest): TaskRecord => {
  if (mayBeTriedAgain(known)) {
    const { startedAt, wrote, multipart } = known
    return { ...newTask(request, known.hash), startedAt, wrote, ...(multipart?.gone ? {} : { multipart }) }
  }
  const { error: _error, result: _result, ...rest } = known
  return { ...rest, request: withoutSecrets(request), state: 'queued', updatedAt: new Date().toISOString() }
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
    request: withoutSecrets(request),
    hash,
    checkpoint: 0,
    wrote: false,
    clearsTail: false,
  }
}

/**
 * What may be written down of a request. The query of an address may be a signature, which is as good as a password.
 */
const withoutSecrets = ({ secrets: _secrets, ...request }: TaskRequest): TaskRequest => withoutQuery(request)

const withoutQuery = (request: TaskRequest): TaskRequest => {
  if (request.kind !== 'copy-image' || request.source.kind !== 'https') return request
  const url = new URL(request.source.url)
  if (url.search === '') return request
  url.search = ''
  return { ...request, source: { ...request.source, url: url.href } }
}
