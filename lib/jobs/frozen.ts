import { type Backend, volumeRef } from '../driver/backend.ts'
import type { KnownVolume } from '../driver/model.ts'
import { lookAfter, orAbsent } from '../driver/settle.ts'
import { DriverError } from '../errors.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import { snapshotDelete, snapshotSummary, volumeSnapshot } from '../storpool/snapshots.ts'

/** Seconds after which StorPool deletes it by itself, should nobody have: longer than a job takes. */
const KEPT_SECONDS = 14 * 24 * 3600

/** How a snapshot of a job's is called, and how long it stays. */
interface Frozen {
  readonly name: string
  /** Seconds after which StorPool deletes it. */
  readonly keptSeconds: number
}

/** The name of the snapshot a job reads from instead of a live volume. */
export const frozenName = (backend: Backend, job: { readonly id: string }): string =>
  `${backend.prefix}--job-${job.id}`

/**
 * Take the snapshot that a job reads from: one point in time, whoever goes on writing. Run again, it is the one that is
 * there.
 *
 * @throws DriverError VolumeNotFound. Conflict: the name belongs to something else.
 */
export async function freeze(
  backend: Backend,
  job: { readonly id: string },
  volume: KnownVolume,
  { name, keptSeconds }: Frozen = { name: frozenName(backend, job), keptSeconds: KEPT_SECONDS },
): Promise<void> {
  const ref = volumeRef(backend, volume)
  try {
    const tags = { 'cl-job': job.id, 'cl-from': volume.id }
    await volumeSnapshot(backend.storpool, ref, { name, tags, deleteAfter: keptSeconds })
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) {
      throw new DriverError('VolumeNotFound', `no volume ${ref} on the cluster`, { cause: error })
    }
    const taken = isRefusal(error, 'objectExists')
    if (!taken && !isAmbiguous(error)) throw error
    const there = await lookAfter(error, () => orAbsent(snapshotSummary(backend.storpool, name)))
    if (there === undefined && !taken) throw error
    if (there?.tags?.['cl-job'] === job.id) return
    throw new DriverError('Conflict', `${name} is there already, and is not the job's`, { cause: error })
  }
}

/** Delete the job's snapshot; one of that name that is not the job's stays. Run again, there is none. */
export async function thaw(
  backend: Backend,
  job: { readonly id: string },
  name = frozenName(backend, job),
): Promise<void> {
  const look = async () => {
    const there = await orAbsent(snapshotSummary(backend.storpool, name))
    return there?.tags?.['cl-job'] === job.id && !there.deleted ? there : undefined
  }
  const there = await look()
  if (there === undefined) return
  try {
    await snapshotDelete(backend.storpool, `~${there.globalId}`)
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) return
    if (!isAmbiguous(error) || (await lookAfter(error, look)) !== undefined) throw error
  }
}
