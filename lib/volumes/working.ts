import { inDriversWords } from '../drivers-words.ts'
import { type DriverError, isDriverError } from '../errors.ts'
import { isFinal } from '../jobs/record.ts'
import type { BlockStorage } from './block-storage.ts'
import { change } from './change.ts'
import { endJobOf } from './instead.ts'
import type { Kind, Worked } from './kind.ts'
import { leaveMessage } from './messages.ts'
import type { Outcome } from './operation.ts'
import type { Work } from './record.ts'
import { ApiError } from './refusal.ts'

/** True where this very work is still to be ended: of two that carry it out, one writes how it ended. */
const has = (record: Worked, work: Work) => record.work?.id === work.id

/**
 * Do the work that a record says is to be done, and write how it ended. Where nobody can tell whether it was done, the
 * record stays in its working state: the next look at it, or reconciliation, does it again. Likewise where a job that did
 * something else to it has not let go yet.
 *
 * @param isAsked whoever asked for it waits for the answer
 * @returns the record afterwards; undefined: it is no more.
 * @throws ApiError what the operation found in the way, to who asked; nothing has changed then.
 */
export async function carryOutOn<T extends Worked>(
  kind: Kind<T>,
  storage: BlockStorage,
  record: T,
  { isAsked = false } = {},
): Promise<T | undefined> {
  const { work } = record
  const operation = work && kind.operations[work.action]
  if (!work || !operation) return record
  let outcome: Outcome<T>
  try {
    const waiting = await endJobOf(kind, storage, record, work)
    outcome = waiting ?? (await operation.run(storage, record, work.input))
  } catch (error) {
    if (!(error instanceof ApiError)) return fail(kind, storage, record, work, inDriversWords(error))
    if (!isAsked) return fail(kind, storage, record, work, error)
    await putBack(kind, storage, record, work, error.name)
    throw error
  }
  return write(kind, storage, record, work, outcome)
}

/** Milliseconds after which whoever began some work has been cut off: a function has 29 s. */
export const CUT_OFF_MS = 45_000

/** A record as it stands: where the job that had it has ended, or who worked on it was cut off, that is seen to first. */
export async function settleOn<T extends Worked>(
  kind: Kind<T>,
  storage: BlockStorage,
  record: T,
): Promise<T | undefined> {
  const { work } = record
  if (!work) return record
  if (!work.job) {
    const isCutOff = Date.parse(storage.now()) - Date.parse(work.since) > CUT_OFF_MS
    return isCutOff ? carryOutOn(kind, storage, record) : record
  }
  const job = await storage.jobs.get(work.job)
  if (job === undefined || !isFinal(job.status)) return record
  if (work.job === work.instead?.job) return carryOutOn(kind, storage, record)
  const operation = kind.operations[work.action]
  if (job.status === 'succeeded' && operation !== undefined) {
    try {
      const outcome = (await operation.ended?.(storage, record, work.input, job)) ?? { done: {} }
      return await write(kind, storage, record, work, outcome)
    } catch (error) {
      return fail(kind, storage, record, work, inDriversWords(error))
    }
  }
  const message = job.error?.message ?? `job ${job.id} was ${job.status}`
  return fail(kind, storage, record, work, { name: 'VolumeBackendError', message })
}

async function write<T extends Worked>(
  kind: Kind<T>,
  storage: BlockStorage,
  record: T,
  work: Work,
  outcome: Outcome<T>,
): Promise<T | undefined> {
  if ('gone' in outcome) {
    await remove(kind, storage, record, work, outcome.freed)
    return undefined
  }
  let isMine = false
  const written = await change(
    kind.records(storage),
    record.id,
    (now) => {
      isMine = has(now, work)
      if (!isMine) return now
      if ('job' in outcome) return { ...now, ...outcome.changes, work: { ...work, job: outcome.job } }
      const before = { status: kind.statusOf(work.from) }
      const done = { ...now, ...before, ...outcome.done, work: null, updatedAt: storage.now() }
      return kind.afterwards?.(done) ?? done
    },
    record,
  )
  if ('job' in outcome) {
    // Somebody took the record for something else while it was asked for.
    if (!isMine || written === undefined) await storage.jobs.cancel(outcome.job)
    return written
  }
  if (work.reserved) await storage.quotas.commit(record.project, work.id)
  if (isMine && written !== undefined && outcome.freed)
    await storage.quotas.release(record.project, outcome.freed)
  return written
}

/** Whoever removes the record gives back what it counted. */
async function remove<T extends Worked>(
  kind: Kind<T>,
  storage: BlockStorage,
  record: T,
  work: Work,
  freed: Readonly<Record<string, number>>,
): Promise<void> {
  const records = kind.records(storage)
  let now: T | undefined = record
  while (now !== undefined && has(now, work)) {
    if (await records.remove(now)) return storage.quotas.release(record.project, freed)
    now = await records.get(record.id)
  }
}

type Failure = Pick<DriverError | ApiError, 'name' | 'message'>

async function fail<T extends Worked>(
  kind: Kind<T>,
  storage: BlockStorage,
  record: T,
  work: Work,
  error: Failure,
): Promise<T | undefined> {
  storage.warn(`an operation on a ${kind.what.toLowerCase()} failed`, {
    id: record.id,
    action: work.action,
    outcome: error.name,
    reason: error.message,
    ...(isDriverError(error) && error.cause instanceof Error && { cause: error.cause.message }),
  })
  // Nobody knows whether it was done: it is asked for again, not taken back.
  if (error.name === 'OutcomeUnknown') return record
  const written = await putBack(kind, storage, record, work, error.name)
  const doing = kind.operations[work.action]?.doing ?? work.action
  await leaveMessage(storage, record, doing, error.message, kind.resource)
  return written
}

/** The record as it was before the work, or marked with how that failed. */
async function putBack<T extends Worked>(
  kind: Kind<T>,
  storage: BlockStorage,
  record: T,
  work: Work,
  name: Failure['name'],
): Promise<T | undefined> {
  const operation = kind.operations[work.action]
  const { onFailure, countsAnyway } = operation ?? {}
  const changes = await operation?.failed?.(storage, record, work.input)
  const left = typeof onFailure === 'function' ? onFailure(name) : onFailure
  const status = left ?? kind.statusOf(work.from)
  const written = await change(
    kind.records(storage),
    record.id,
    (now) => (has(now, work) ? { ...now, ...changes, status, work: null, updatedAt: storage.now() } : now),
    record,
  )
  if (work.reserved) await storage.quotas[countsAnyway ? 'commit' : 'rollback'](record.project, work.id)
  return written
}

/** End what is being done to a record without doing it. */
export async function giveUp<T extends Worked>(
  kind: Kind<T>,
  storage: BlockStorage,
  record: T,
  status: T['status'],
): Promise<void> {
  const { id, project, work } = record
  await change(
    kind.records(storage),
    id,
    (now) => (now.work?.id === work?.id ? { ...now, status, work: null, updatedAt: storage.now() } : now),
    record,
  )
  if (work?.reserved) await storage.quotas.rollback(project, work.id)
}
