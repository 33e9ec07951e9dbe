import * as z from 'zod'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import { snapshotSummary, snapshotUpdate } from '../storpool/snapshots.ts'
import { type Backend, snapshotRef } from './backend.ts'
import { withoutOwner } from './manage.ts'
import { clusterOf } from './manage-existing-snapshot.ts'
import { KnownSnapshot } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'

export const UnmanageSnapshot = z.strictObject({ snapshot: KnownSnapshot })
export type UnmanageSnapshot = z.infer<typeof UnmanageSnapshot>

/**
 * Let a snapshot go: our tags come off, name and data stay. What is not there has been let go.
 *
 * @see cinder/volume/driver.py unmanage_snapshot
 */
export async function unmanageSnapshot(backend: Backend, { snapshot }: UnmanageSnapshot): Promise<void> {
  const there = await orAbsent(snapshotSummary(backend.storpool, snapshotRef(backend, snapshot)))
  if (there?.tags?.['cl-id'] === undefined) return
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
