import { setTimeout as sleep } from 'node:timers/promises'
import type { Secrets } from '../lib/agent/tasks.ts'
import type { Context } from './context.ts'
import { isNeeded } from './leftovers.ts'
import { putAway } from './put-away.ts'
import { asRefusal } from './refusal.ts'
import { connectS3 } from './s3.ts'
import type { TaskRecord } from './state.ts'
import { storeOf } from './stores.ts'
import { trusted } from './trusted.ts'

/** How long whoever cancels waits for a server. */
const waitMs = 8_000

/**
 * Throw away what an upload that ended, and was no success, has left in a bucket: an agent that was started anew has to be
 * told what opens it. What cannot be thrown away now is by the next upload to that store.
 */
export const abandon = async (context: Context, task: TaskRecord, secrets: Secrets): Promise<void> => {
  const thrownAway = throwAway(context, task, secrets).catch((error: unknown) =>
    context.log.warn('parts are left', { task: task.id, reason: asRefusal(error).message }),
  )
  await Promise.race([thrownAway, sleep(waitMs, undefined, { ref: false })])
}

const throwAway = async (context: Context, task: TaskRecord, secrets: Secrets): Promise<void> => {
  const { request, state, multipart } = task
  if (request.kind !== 'upload-volume' || request.destination.kind !== 's3') return
  if (state === 'succeeded' || isNeeded(task) || multipart === undefined || multipart.gone) return
  const { stores, sources } = context.config
  const store = storeOf(stores, 's3', request.destination.store)
  const s3 = connectS3(store, secrets, await trusted(sources.ca))
  try {
    await putAway(context, s3, task)
  } finally {
    s3.close()
  }
}
