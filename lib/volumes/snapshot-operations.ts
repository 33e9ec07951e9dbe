import * as z from 'zod'
import { createSnapshot } from '../driver/create-snapshot.ts'
import { deleteSnapshot } from '../driver/delete-snapshot.ts'
import { manageExistingSnapshotGetSize } from '../driver/manage-existing-snapshot-get-size.ts'
import { unmanageSnapshot } from '../driver/unmanage-snapshot.ts'
import type { BlockStorage } from './block-storage.ts'
import { driverSnapshot, knownVolume } from './driver-model.ts'
import type { Kind } from './kind.ts'
import { managingSnapshot } from './managing.ts'
import type { Operation, Outcome } from './operation.ts'
import { sizeAmounts, snapshotAmounts } from './quotas.ts'
import { type SnapshotRecord, SnapshotStatus } from './record.ts'
import { link, unlink } from './snapshot-links.ts'

const NewInput = z.object({ inUse: z.boolean() })

const creating: Operation<SnapshotRecord> = {
  doing: 'create snapshot',
  onFailure: 'error',
  countsAnyway: true,
  async run(storage, snapshot, input) {
    const { inUse } = NewInput.parse(input)
    const volume = await link(storage, snapshot, inUse)
    const backend = await storage.backend(snapshot.host)
    const { provider_location } = await createSnapshot(backend, {
      snapshot: { ...driverSnapshot(snapshot), volume_id: volume.id, volume: knownVolume(volume) },
    })
    // One whose call was cut off may have been taken then, or now of a volume that has grown since: the cluster knows.
    const { size } = await manageExistingSnapshotGetSize(backend, {
      snapshot: { ...driverSnapshot(snapshot), volume_id: volume.id },
      existing_ref: { 'source-id': provider_location },
    })
    return {
      done: { status: 'available', progress: '100%', globalId: provider_location, size },
      // What it has more than was asked for counts, too.
      ...(size !== snapshot.size && { freed: sizeAmounts(snapshot.size - size, snapshot.typeId) }),
    }
  },
}

/** Once it is gone from the cluster: its volume forgets it, then its record goes, then what it counted. */
const gone = async (storage: BlockStorage, snapshot: SnapshotRecord): Promise<Outcome<SnapshotRecord>> => {
  await unlink(storage, snapshot)
  return { gone: true, freed: snapshotAmounts(snapshot.size, snapshot.typeId) }
}

const deleting: Operation<SnapshotRecord> = {
  doing: 'delete snapshot',
  // What somebody still reads is as it was.
  onFailure: (error) => (error === 'SnapshotIsBusy' ? 'available' : 'error_deleting'),
  async run(storage, snapshot) {
    await deleteSnapshot(await storage.backend(snapshot.host), { snapshot: driverSnapshot(snapshot) })
    return gone(storage, snapshot)
  },
}

const unmanaging: Operation<SnapshotRecord> = {
  doing: 'unmanage snapshot',
  async run(storage, snapshot) {
    await unmanageSnapshot(await storage.backend(snapshot.host), { snapshot: driverSnapshot(snapshot) })
    return gone(storage, snapshot)
  },
}

export const snapshotKind: Kind<SnapshotRecord> = {
  what: 'Snapshot',
  resource: 'VOLUME_SNAPSHOT',
  records: ({ snapshots }) => snapshots,
  operations: {
    create: creating,
    delete: deleting,
    manage: managingSnapshot,
    'os-unmanage': unmanaging,
  },
  statusOf: (text) => SnapshotStatus.parse(text),
}
