import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import type { SnapshotSummary } from '../storpool/schema/answers.ts'
import { snapshotSummary, snapshotUpdate } from '../storpool/snapshots.ts'
import { type Backend, snapshotName } from './backend.ts'
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
 * Take a snapshot that is on the cluster under Cinder's care: it gets the name and tags of ours. Run again, it finds
 * what it took.
 *
 * @throws DriverError SnapshotNotFound. Conflict: somebody else's record owns it, or our name is taken.
 * @see cinder/volume/driver.py manage_existing_snapshot
 */
export async function manageExistingSnapshot(
  backend: Backend,
  { snapshot, existing_ref }: ManageExistingSnapshot,
): Promise<ModelUpdate> {
  const name = snapshotName(backend, snapshot.id)
  const there = await found(backend, refOf(existing_ref), name, snapshot.id)
  refuseOwned(there.name, there.tags, snapshot.id)
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
  return { provider_location: there.globalId }
}

/** Some calls know one cluster only: what lives in another is asked for there. */
export const clusterOf = ({ clusterId }: Pick<SnapshotSummary, 'clusterId'>): { cluster?: string } =>
  clusterId === undefined ? {} : { cluster: `~${clusterId}` }

async function found(backend: Backend, ref: string, name: string, id: string): Promise<SnapshotSummary> {
  const there = await orAbsent(snapshotSummary(backend.storpool, ref))
  if (there !== undefined && !there.deleted) return there
  const taken = await orAbsent(snapshotSummary(backend.storpool, name))
  if (taken?.tags?.['cl-id'] === id) return taken
  throw new DriverError('SnapshotNotFound', `no snapshot ${ref} on the cluster`)
}
