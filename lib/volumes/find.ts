import type { Caller } from '../auth/caller.ts'
import type { BlockStorage } from './block-storage.ts'
import { settle } from './carry-out.ts'
import type { SnapshotRecord, VolumeRecord } from './record.ts'
import { notFound } from './refusal.ts'
import { settleAttachments } from './settle-attachments.ts'
import { snapshotKind } from './snapshot-operations.ts'
import { settleOn } from './working.ts'

const maySee = (caller: Caller, { project }: { readonly project: string }): boolean =>
  project === caller.project || caller.role === 'admin'

/** A volume as it stands: where a job had it that has ended, that is seen to first. @throws ApiError 404 */
export async function findVolume(storage: BlockStorage, caller: Caller, id: string): Promise<VolumeRecord> {
  const there = await storage.volumes.get(id)
  const settled = there === undefined || !maySee(caller, there) ? undefined : await settle(storage, there)
  const volume = settled && (await settleAttachments(storage, settled))
  if (volume === undefined) throw notFound('Volume', id)
  return volume
}

/** A snapshot as it stands. @throws ApiError 404 */
export async function findSnapshot(
  storage: BlockStorage,
  caller: Caller,
  id: string,
): Promise<SnapshotRecord> {
  const there = await storage.snapshots.get(id)
  const snapshot =
    there === undefined || !maySee(caller, there) ? undefined : await settleOn(snapshotKind, storage, there)
  if (snapshot === undefined) throw notFound('Snapshot', id)
  return snapshot
}
