import { DriverError } from '../errors.ts'
import { beginOn } from './begin-on.ts'
import type { BlockStorage } from './block-storage.ts'
import type { SnapshotRecord, VolumeRecord } from './record.ts'
import { ApiError, invalidSnapshot } from './refusal.ts'
import { unlink } from './snapshot-links.ts'
import { snapshotKind } from './snapshot-operations.ts'

/** The snapshots of a volume that there are records of. */
export const snapshotsOf = async (storage: BlockStorage, volume: VolumeRecord): Promise<SnapshotRecord[]> => {
  const found = await Promise.all(volume.snapshots.map((id) => storage.snapshots.get(id)))
  return found.flatMap((one) => (one === undefined ? [] : [one]))
}

/** Delete every snapshot of a volume that is being deleted itself, so that no other can come. @throws DriverError SnapshotIsBusy */
export async function deleteSnapshotsOf(storage: BlockStorage, volume: VolumeRecord): Promise<void> {
  for (const id of volume.snapshots) {
    const snapshot = await storage.snapshots.get(id)
    if (snapshot === undefined) await unlink(storage, { id, volumeId: volume.id })
    else await deleteOne(storage, snapshot)
  }
}

async function deleteOne(storage: BlockStorage, snapshot: SnapshotRecord): Promise<void> {
  const left = await beginOn(snapshotKind, storage, snapshot, {
    ...{ action: 'delete', working: 'deleting', input: {} },
    check({ id, status }) {
      if (['available', 'error', 'deleting', 'error_deleting'].includes(status)) return
      throw invalidSnapshot(`Snapshot ${id} is ${status}.`)
    },
  }).catch((error: unknown) => {
    if (!(error instanceof ApiError)) throw error
    // Gone by another way, or busy all of a sudden.
    if (error.status === 404) return undefined
    throw new DriverError('SnapshotIsBusy', error.message, { cause: error })
  })
  if (left === undefined) return
  throw new DriverError('SnapshotIsBusy', `snapshot ${left.id} could not be deleted: it is ${left.status}`)
}
