import * as z from 'zod'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import type { SnapshotSummary } from '../storpool/schema/answers.ts'
import { snapshotSummary, snapshotUpdate } from '../storpool/snapshots.ts'
import { type AttachingBackend, type Backend, snapshotRef } from './backend.ts'
import { holding } from './hold.ts'
import { isOwnedBy, withoutOwner } from './manage.ts'
import { clusterOf } from './manage-existing-snapshot.ts'
import { KnownSnapshot } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'

export const UnmanageSnapshot = z.strictObject({ snapshot: KnownSnapshot })
export type UnmanageSnapshot = z.infer<typeof UnmanageSnapshot>

/**
 * Let a snapshot go: our tags come off, name and data stay. What is not there has been let go, and so has what is
 * somebody else's by now.
 *
 * @throws DriverError Conflict: somebody else is being given it.
 * @see cinder/volume/driver.py unmanage_snapshot
 */
export async function unmanageSnapshot(
  backend: AttachingBackend,
  { snapshot }: UnmanageSnapshot,
): Promise<void> {
  const there = await owned(backend, snapshot.id, snapshotRef(backend, snapshot))
  if (there === undefined) return
  await holding(backend, there, snapshot.id, async () => {
    // Since it was read it may have been let go, and taken by somebody else.
    const now = await owned(backend, snapshot.id, `~${there.globalId}`)
    if (now !== undefined) await letGo(backend, now)
  })
}

/** @returns undefined where it is not this snapshot's. */
async function owned(backend: Backend, id: string, ref: string): Promise<SnapshotSummary | undefined> {
  const there = await orAbsent(snapshotSummary(backend.storpool, ref))
  return there !== undefined && isOwnedBy(there.tags, [id]) ? there : undefined
}

async function letGo(backend: Backend, there: SnapshotSummary): Promise<void> {
  const ref = `~${there.globalId}`
  try {
    await snapshotUpdate(backend.storpool, ref, { tags: withoutOwner(there.tags) }, clusterOf(there))
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) return
    if (!isAmbiguous(error)) throw error
    const now = await lookAfter(error, () => orAbsent(snapshotSummary(backend.storpool, ref)))
    if (now?.tags?.['cl-id']) throw error
  }
}
