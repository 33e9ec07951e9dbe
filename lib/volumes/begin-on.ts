import { v4 } from 'uuid'
import type { BlockStorage } from './block-storage.ts'
import { change } from './change.ts'
import type { Kind, Worked } from './kind.ts'
import { type Amounts, overQuota } from './quotas.ts'
import type { Work } from './record.ts'
import { badRequest, notFound } from './refusal.ts'
import { carryOutOn } from './working.ts'

/** What is asked of a volume or a snapshot, and what that has to be like for it. */
export interface Asked<T extends Worked> {
  readonly action: string
  readonly input: unknown
  /** The state it is in meanwhile. */
  readonly working: T['status']
  /** What else its record says meanwhile. */
  readonly meanwhile?: Partial<T>
  /** Throws where it is not in a state for it. Run again on each fresh reading. */
  check(record: T): void
  /** What it will count beside what it counts already. */
  amounts?(record: T): Amounts | undefined
}

/**
 * Take a volume or a snapshot for an operation in one conditional write, and carry that out. Of two who ask at once
 * exactly one gets it; the other is refused as the state it finds says.
 *
 * @param seen as it stands
 * @returns the record afterwards; undefined: it is no more.
 * @throws ApiError 400, 404, 409: nothing has changed. 413: the quota.
 */
export async function beginOn<T extends Worked>(
  kind: Kind<T>,
  storage: BlockStorage,
  seen: T,
  asked: Asked<T>,
): Promise<T | undefined> {
  const { action, input, working, meanwhile } = asked
  const check = (record: T) => {
    asked.check(record)
    refuseWorkedOn(kind, record, working)
  }
  check(seen)
  const wanted = asked.amounts?.(seen)
  const { requestId } = storage
  const work = { id: v4(), action, input, since: storage.now(), reserved: wanted !== undefined, requestId }
  const over = wanted && (await storage.quotas.reserve(seen.project, work.id, wanted))
  if (wanted && over) throw overQuota(wanted, over)
  let taken: T | undefined
  const replaced: Work[] = []
  try {
    taken = await change(
      kind.records(storage),
      seen.id,
      (record) => {
        check(record)
        replaced.splice(0, 1, ...(record.work === null ? [] : [record.work]))
        const changes = { status: working, updatedAt: storage.now() }
        return { ...record, ...meanwhile, ...changes, work: { ...work, ...before(record) } }
      },
      seen,
    )
  } catch (error) {
    if (wanted) await storage.quotas.rollback(seen.project, work.id)
    throw error
  }
  if (taken === undefined) throw notFound(kind.what, seen.id)
  for (const other of replaced.filter(({ reserved }) => reserved)) {
    const counts = kind.operations[other.action]?.countsAnyway
    await storage.quotas[counts ? 'commit' : 'rollback'](seen.project, other.id)
  }
  return carryOutOn(kind, storage, taken, { isAsked: true })
}

/** What the work comes after: the state to go back to, and whose job has to let go first. */
function before({ status, work }: Worked): Pick<Work, 'from' | 'instead'> {
  if (work?.job === undefined) return { from: status }
  const { action, input, job } = work
  return { from: status, instead: { action, input, job } }
}

/** What is being worked on can be deleted, where its state lets it, and nothing else. */
function refuseWorkedOn(kind: Kind<Worked>, { id, work }: Worked, working: string): void {
  if (work === null || working === 'deleting') return
  const what = kind.what.toLowerCase()
  throw badRequest(`Invalid ${what}: ${kind.what} ${id} is being worked on: ${work.action}.`)
}

/** Change a record alone, in one conditional write. @throws ApiError 404 */
export async function amendOn<T extends Worked>(
  kind: Kind<T>,
  storage: BlockStorage,
  seen: T,
  next: (record: T) => T,
): Promise<T> {
  const changed = await change(
    kind.records(storage),
    seen.id,
    (record) => {
      const after = next(record)
      return after === record ? record : { ...after, updatedAt: storage.now() }
    },
    seen,
  )
  if (changed === undefined) throw notFound(kind.what, seen.id)
  return changed
}
