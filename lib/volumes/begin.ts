import { v4 } from 'uuid'
import type { Caller } from '../auth/caller.ts'
import type { BlockStorage } from './block-storage.ts'
import { carryOut } from './carry-out.ts'
import { change } from './change.ts'
import { findVolume } from './find.ts'
import { type Amounts, overQuota } from './quotas.ts'
import type { VolumeRecord, VolumeStatus } from './record.ts'
import { notFound } from './refusal.ts'

/** What is asked of a volume, and what it has to be like for that. */
export interface Asked {
  readonly action: string
  readonly input: unknown
  /** The state it is in meanwhile. */
  readonly working: VolumeStatus
  /** Throws where the volume is not in a state for it. Run again on each fresh reading. */
  check(volume: VolumeRecord): void
  /** What it will count beside what it counts already. */
  amounts?(volume: VolumeRecord): Amounts | undefined
}

/**
 * Take a volume for an operation in one conditional write, and carry that out. Of two who ask at once exactly one gets it;
 * the other is refused as the state it finds says.
 *
 * @returns the volume afterwards; undefined: it is no more.
 * @throws ApiError 400, 404: nothing has changed. 413: the quota.
 */
export async function begin(
  storage: BlockStorage,
  caller: Caller,
  id: string,
  asked: Asked,
): Promise<VolumeRecord | undefined> {
  const { action, input, working } = asked
  const seen = await findVolume(storage, caller, id)
  asked.check(seen)
  const wanted = asked.amounts?.(seen)
  const { requestId } = storage
  const work = { id: v4(), action, input, since: storage.now(), reserved: wanted !== undefined, requestId }
  const over = wanted && (await storage.quotas.reserve(seen.project, work.id, wanted))
  if (wanted && over) throw overQuota(wanted, over)
  let taken: VolumeRecord | undefined
  try {
    taken = await change(
      storage.volumes,
      id,
      (volume) => {
        asked.check(volume)
        return {
          ...volume,
          status: working,
          updatedAt: storage.now(),
          work: { ...work, from: volume.status },
        }
      },
      seen,
    )
  } catch (error) {
    if (wanted) await storage.quotas.rollback(seen.project, work.id)
    throw error
  }
  if (taken === undefined) throw notFound('Volume', id)
  return carryOut(storage, taken)
}

/** Change a volume's record alone, in one conditional write. @throws ApiError 404 */
export async function amend(
  storage: BlockStorage,
  caller: Caller,
  id: string,
  next: (volume: VolumeRecord) => VolumeRecord,
): Promise<VolumeRecord> {
  const seen = await findVolume(storage, caller, id)
  const changed = await change(
    storage.volumes,
    id,
    (volume) => {
      const after = next(volume)
      return after === volume ? volume : { ...after, updatedAt: storage.now() }
    },
    seen,
  )
  if (changed === undefined) throw notFound('Volume', id)
  return changed
}
