import type { Context } from './context.ts'
import { isNeeded } from './leftovers.ts'
import { persist } from './persist.ts'
import { asRefusal } from './refusal.ts'
import type { S3 } from './s3.ts'
import type { TaskRecord } from './state.ts'

/** Clocks that sign requests may differ by so much. */
const clockMs = 15 * 60_000
/** A part that was on its way when the upload was thrown away may come after that. */
const rounds = 3

/** As the metadata of an object says whose it is. */
export const ownerOf = ({ config }: Context, requestId: string): string => `${config.clientId}:${requestId}`

/** Throw away what a task has left in a bucket. What cannot be thrown away now is by the next upload to that store. */
export const putAway = async (context: Context, s3: S3, task: TaskRecord): Promise<void> => {
  const { request, multipart } = task
  if (request.kind !== 'upload-volume' || request.destination.kind !== 's3') return
  if (multipart === undefined || multipart.gone) return
  const { key, store } = request.destination
  try {
    await persist(`The store ${store} does not let go`, undefined, () => throwAway(context, s3, task, key), {
      tries: 2,
    })
    const now = context.state.tasks.get(task.id) ?? task
    await context.record({ ...now, multipart: { ...multipart, gone: true } })
  } catch (error) {
    context.log.warn('parts are left', { task: task.id, store, key, reason: asRefusal(error).message })
  }
}

const throwAway = async (context: Context, s3: S3, task: TaskRecord, key: string) => {
  const { multipart, startedAt, digests, id } = task
  const since = new Date(Date.parse(startedAt) - clockMs)
  const ids = multipart?.uploadId ? [multipart.uploadId] : await s3.begunSince(key, since)
  for (const uploadId of ids) {
    for (let round = 0; round < rounds; round += 1) {
      await s3.abort(key, uploadId)
      if ((await s3.parts(key, uploadId)) === undefined) break
    }
  }
  // Stopped while they were put together: they may have been.
  if (digests === undefined) return
  const there = await s3.head(key)
  if (there?.task === ownerOf(context, id)) await s3.remove(key)
}

/** The same for tasks of the same store that ended when it could not be. */
export const putAwayOthers = async (context: Context, s3: S3, store: string): Promise<void> => {
  for (const task of context.state.tasks.values()) {
    const { request, state } = task
    if (request.kind !== 'upload-volume' || request.destination.kind !== 's3') continue
    if (request.destination.store !== store || state === 'succeeded') continue
    if (!isNeeded(task)) await putAway(context, s3, task)
  }
}
