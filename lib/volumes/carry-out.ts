import { inDriversWords } from '../drivers-words.ts'
import { type DriverError, isDriverError } from '../errors.ts'
import { isFinal } from '../jobs/record.ts'
import type { BlockStorage } from './block-storage.ts'
import { change } from './change.ts'
import { leaveMessage } from './messages.ts'
import type { Outcome } from './operation.ts'
import { operations } from './operations.ts'
import { type VolumeRecord, VolumeStatus, type Work } from './record.ts'

/** True where this very work is still to be ended: of two that carry it out, one writes how it ended. */
const has = (volume: VolumeRecord, work: Work) => volume.work?.id === work.id

/**
 * Do the work that a volume's record says is to be done, and write how it ended. Where nobody can tell whether it was
 * done, the record stays in its working state: the next look at it, or reconciliation, does it again.
 *
 * @returns the volume afterwards; undefined: it is no more.
 */
export async function carryOut(
  storage: BlockStorage,
  volume: VolumeRecord,
): Promise<VolumeRecord | undefined> {
  const { work } = volume
  const operation = work && operations[work.action]
  if (!work || !operation) return volume
  let outcome: Outcome
  try {
    outcome = await operation.run(storage, volume, work.input)
  } catch (error) {
    return fail(storage, volume, work, inDriversWords(error))
  }
  return write(storage, volume, work, outcome)
}

/** Milliseconds after which whoever began some work has been cut off: a function has 29 s. */
export const CUT_OFF_MS = 45_000

/** A volume as it stands: where the job that had it has ended, or who worked on it was cut off, that is seen to first. */
export async function settle(storage: BlockStorage, volume: VolumeRecord): Promise<VolumeRecord | undefined> {
  const { work } = volume
  if (!work) return volume
  if (!work.job) {
    const isCutOff = Date.parse(storage.now()) - Date.parse(work.since) > CUT_OFF_MS
    return isCutOff ? carryOut(storage, volume) : volume
  }
  const job = await storage.jobs.get(work.job)
  if (job === undefined || !isFinal(job.status)) return volume
  const operation = operations[work.action]
  if (job.status === 'succeeded' && operation !== undefined) {
    try {
      const outcome = (await operation.ended?.(storage, volume, work.input, job)) ?? { done: {} }
      return await write(storage, volume, work, outcome)
    } catch (error) {
      return fail(storage, volume, work, inDriversWords(error))
    }
  }
  const reason = job.error?.message ?? `job ${job.id} was ${job.status}`
  return fail(storage, volume, work, { name: 'VolumeBackendError', message: reason })
}

async function write(
  storage: BlockStorage,
  volume: VolumeRecord,
  work: Work,
  outcome: Outcome,
): Promise<VolumeRecord | undefined> {
  if ('gone' in outcome) {
    await remove(storage, volume, work, outcome.freed)
    return undefined
  }
  const written = await change(
    storage.volumes,
    volume.id,
    (now) => {
      if (!has(now, work)) return now
      if ('job' in outcome) return { ...now, ...outcome.changes, work: { ...work, job: outcome.job } }
      const status = outcome.done.status ?? VolumeStatus.parse(work.from)
      return { ...now, ...outcome.done, status, work: null, updatedAt: storage.now() }
    },
    volume,
  )
  if (!('job' in outcome) && work.reserved) await storage.quotas.commit(volume.project, work.id)
  return written
}

/** Whoever removes the record gives back what it counted. */
async function remove(
  storage: BlockStorage,
  volume: VolumeRecord,
  work: Work,
  freed: Readonly<Record<string, number>>,
): Promise<void> {
  let now: VolumeRecord | undefined = volume
  while (now !== undefined && has(now, work)) {
    if (await storage.volumes.remove(now)) return storage.quotas.release(volume.project, freed)
    now = await storage.volumes.get(volume.id)
  }
}

async function fail(
  storage: BlockStorage,
  volume: VolumeRecord,
  work: Work,
  error: Pick<DriverError, 'name' | 'message'>,
): Promise<VolumeRecord | undefined> {
  storage.warn('an operation on a volume failed', {
    volume: volume.id,
    action: work.action,
    outcome: error.name,
    reason: error.message,
    ...(isDriverError(error) && error.cause instanceof Error && { cause: error.cause.message }),
  })
  // Nobody knows whether it was done: it is asked for again, not taken back.
  if (error.name === 'OutcomeUnknown') return volume
  const operation = operations[work.action]
  await operation?.failed?.(storage, volume, work.input)
  const written = await change(
    storage.volumes,
    volume.id,
    (now) =>
      has(now, work)
        ? {
            ...now,
            status: operation?.onFailure ?? VolumeStatus.parse(work.from),
            work: null,
            updatedAt: storage.now(),
          }
        : now,
    volume,
  )
  // A volume that could not be made is there all the same, and counts until it is deleted.
  if (work.reserved)
    await storage.quotas[work.action === 'create' ? 'commit' : 'rollback'](volume.project, work.id)
  await leaveMessage(storage, volume, operation?.doing ?? work.action, error.message)
  return written
}
