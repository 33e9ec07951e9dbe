import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import type { SnapshotSummary } from '../storpool/schema/answers.ts'
import { snapshotSummary, snapshotUpdate } from '../storpool/snapshots.ts'
import { type AttachingBackend, type Backend, snapshotName } from './backend.ts'
import { holding } from './hold.ts'
import { refOf, refuseOwned, SnapshotReference } from './manage.ts'
import { KnownSnapshot, type ModelUpdate } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'
import { tagsOf } from './tags.ts'

export const ManageExistingSnapshot = z.strictObject({
  snapshot: KnownSnapshot,
  existing_ref: SnapshotReference,
})
export type ManageExistingSnapshot = z.infer<typeof ManageExistingSnapshot>

/**
 * Take a snapshot that is on the cluster under Cinder's care: it gets the name and tags of ours. Of several who ask for
 * it at once one gets it. Run again, it finds what it took.
 *
 * @throws DriverError SnapshotNotFound. Conflict: somebody else's record owns it or is about to, or our name is taken.
 * @see cinder/volume/driver.py manage_existing_snapshot
 */
export async function manageExistingSnapshot(
  backend: AttachingBackend,
  { snapshot, existing_ref }: ManageExistingSnapshot,
): Promise<ModelUpdate> {
  const there = await found(backend, refOf(existing_ref), snapshot.id)
  refuseOwned(there.name, there.tags, snapshot.id)
  await holding(backend, there, snapshot.id, async () => {
    // Since it was read somebody may have taken it.
    const now = await byRef(backend, `~${there.globalId}`)
    if (now === undefined) throw missing(there.name)
    refuseOwned(now.name, now.tags, snapshot.id)
    await take(backend, snapshot, now)
  })
  return { provider_location: there.globalId }
}

/** Some calls know one cluster only: what lives in another is asked for there. */
export const clusterOf = ({ clusterId }: Pick<SnapshotSummary, 'clusterId'>): { cluster?: string } =>
  clusterId === undefined ? {} : { cluster: `~${clusterId}` }

const byRef = async (backend: Backend, ref: string): Promise<SnapshotSummary | undefined> => {
  const there = await orAbsent(snapshotSummary(backend.storpool, ref))
  return there?.deleted ? undefined : there
}
const missing = (ref: string) => new DriverError('SnapshotNotFound', `no snapshot ${ref} on the cluster`)

/** By the reference, or under our own name where an earlier run has renamed it already. */
async function found(backend: Backend, ref: string, id: string): Promise<SnapshotSummary> {
  const there = await byRef(backend, ref)
  if (there !== undefined) return there
  const taken = await byRef(backend, snapshotName(backend, id))
  if (taken?.tags?.['cl-id'] === id) return taken
  throw missing(ref)
}

async function take(backend: Backend, snapshot: KnownSnapshot, there: SnapshotSummary): Promise<void> {
  const name = snapshotName(backend, snapshot.id)
  const ref = `~${there.globalId}`
  const ours = { id: snapshot.id, from: snapshot.volume_id, project: snapshot.project_id }
  try {
    await snapshotUpdate(
      backend.storpool,
      ref,
      { ...(there.name === name ? {} : { rename: name }), tags: { ...there.tags, ...tagsOf(ours) } },
      clusterOf(there),
    )
  } catch (error) {
    if (isRefusal(error, 'objectExists')) {
      throw new DriverError('Conflict', `${name} is there already, and is not ${there.name}`, {
        cause: error,
      })
    }
    if (!isAmbiguous(error)) throw error
    const now = await lookAfter(error, () => orAbsent(snapshotSummary(backend.storpool, ref)))
    if (now?.name !== name || now.tags?.['cl-id'] !== snapshot.id) throw error
  }
}
