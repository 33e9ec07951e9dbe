import type { BlockStorage } from './block-storage.ts'
import { change } from './change.ts'
import type { SnapshotRecord, VolumeRecord } from './record.ts'
import { invalidVolume, notFound } from './refusal.ts'

/**
 * Whether a snapshot of a volume may be taken now.
 *
 * @param inUse also of one that is in use
 * @throws ApiError 400
 * @see cinder/volume/api.py create_snapshot_in_db
 */
export function checkSnapshotable({ id, status, migrationStatus }: VolumeRecord, inUse: boolean): void {
  if (status !== 'available' && !(inUse && status === 'in-use')) {
    const wanted = inUse ? 'available or in-use' : 'available'
    throw invalidVolume(`Volume ${id} status must be ${wanted}, but current status is: ${status}.`)
  }
  if (migrationStatus !== null && !['error', 'success'].includes(migrationStatus)) {
    throw invalidVolume('Snapshot cannot be created while volume is migrating.')
  }
}

/**
 * Note a snapshot in its volume's record, in the write that is conditioned on the volume's state: so a deletion of the
 * volume and a snapshot of it cannot both win. Run again, it is there.
 *
 * @throws ApiError 400, 404: the volume is not in a state for it any more.
 */
export async function link(
  storage: BlockStorage,
  { id, volumeId }: SnapshotRecord,
  inUse: boolean,
  seen?: VolumeRecord,
): Promise<VolumeRecord> {
  const linked = await change(
    storage.volumes,
    volumeId,
    (volume) => {
      if (volume.snapshots.includes(id)) return volume
      checkSnapshotable(volume, inUse)
      return { ...volume, snapshots: [...volume.snapshots, id] }
    },
    seen,
  )
  if (linked === undefined) throw notFound('Volume', volumeId)
  return linked
}

/** Forget a snapshot in its volume's record. Run again, or where the volume is no more, there is nothing to forget. */
export async function unlink(
  storage: BlockStorage,
  { id, volumeId }: Pick<SnapshotRecord, 'id' | 'volumeId'>,
): Promise<void> {
  await change(storage.volumes, volumeId, (volume) =>
    volume.snapshots.includes(id)
      ? { ...volume, snapshots: volume.snapshots.filter((other) => other !== id) }
      : volume,
  )
}
