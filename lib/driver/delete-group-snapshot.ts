import * as z from 'zod'
import { isDriverError } from '../errors.ts'
import type { Backend } from './backend.ts'
import { GroupSnapshot, type GroupSnapshotUpdate } from './create-group-snapshot.ts'
import { deleteSnapshot } from './delete-snapshot.ts'
import { KnownSnapshot } from './model.ts'

export const DeleteGroupSnapshot = z.strictObject({
  group_snapshot: GroupSnapshot,
  snapshots: z.array(KnownSnapshot).max(512),
})
export type DeleteGroupSnapshot = z.infer<typeof DeleteGroupSnapshot>

/**
 * Delete the snapshots of a group, each on its own: one that is attached stays and is reported, the others go.
 *
 * @see cinder/volume/driver.py delete_group_snapshot
 */
export async function deleteGroupSnapshot(
  backend: Backend,
  { snapshots }: DeleteGroupSnapshot,
): Promise<GroupSnapshotUpdate> {
  const updates: GroupSnapshotUpdate['snapshots_model_update'][number][] = []
  for (const snapshot of snapshots) {
    try {
      await deleteSnapshot(backend, { snapshot })
      updates.push({ id: snapshot.id, status: 'deleted' })
    } catch (error) {
      if (!isDriverError(error, 'SnapshotIsBusy')) throw error
      updates.push({ id: snapshot.id, status: 'error_deleting' })
    }
  }
  const left = updates.some(({ status }) => status !== 'deleted')
  return { model_update: { status: left ? 'error_deleting' : 'deleted' }, snapshots_model_update: updates }
}
