import { v4 } from 'uuid'
import type { Caller } from '../auth/caller.ts'
import { amendOn, beginOn } from './begin-on.ts'
import type { BlockStorage } from './block-storage.ts'
import { findSnapshot, findVolume } from './find.ts'
import { overQuota, snapshotAmounts } from './quotas.ts'
import type { SnapshotRecord, SnapshotStatus, VolumeRecord } from './record.ts'
import { invalidSnapshot } from './refusal.ts'
import { checkSnapshotable, link } from './snapshot-links.ts'
import { snapshotKind } from './snapshot-operations.ts'
import { carryOutOn } from './working.ts'

/** What a caller asks for. */
export interface NewSnapshot {
  readonly volumeId: string
  readonly name: string | null
  readonly description: string | null
  readonly metadata: Readonly<Record<string, string>>
  /** Also of a volume that is in use. */
  readonly inUse: boolean
}

/**
 * Take a snapshot: its quota reserved, its record, its place in the volume's record, the snapshot on the cluster. What is
 * cut off after the record is made is gone on with from there.
 *
 * @throws ApiError 400, 404: nothing is made. 413: the quota.
 */
export async function createSnapshot(
  storage: BlockStorage,
  caller: Caller,
  asked: NewSnapshot,
): Promise<SnapshotRecord> {
  const { volumeId, inUse, name, description, metadata } = asked
  const volume = await findVolume(storage, caller, volumeId)
  checkSnapshotable(volume, inUse)
  const { size, typeId } = volume
  const id = v4()
  const amounts = snapshotAmounts(size, typeId)
  const over = await storage.quotas.reserve(caller.project, id, amounts)
  if (over !== undefined) throw overQuota(amounts, over)
  const blank = blankSnapshot(storage, caller, volume, { id, size, name, description, metadata })
  const record: SnapshotRecord = {
    ...blank,
    work: {
      ...{ id, action: 'create', input: { inUse }, since: blank.createdAt, from: 'creating', reserved: true },
      requestId: storage.requestId,
    },
  }
  await recorded(storage, record, inUse, volume)
  return (await carryOutOn(snapshotKind, storage, record)) ?? record
}

/** A snapshot's record before anything of it is there. @param size GiB */
export const blankSnapshot = (
  storage: BlockStorage,
  caller: Caller,
  { id: volumeId, typeId, host, bootable, imageMetadata }: VolumeRecord,
  own: Pick<SnapshotRecord, 'id' | 'size' | 'name' | 'description' | 'metadata'>,
): SnapshotRecord => ({
  ...own,
  ...{ project: caller.project, user: caller.user, createdAt: storage.now(), updatedAt: null, version: 0 },
  ...{ status: 'creating', progress: '0%', globalId: null, work: null },
  ...{ volumeId, typeId, host, bootable, imageMetadata },
})

/** The record, and its place in its volume's record; or neither, and no quota reserved. @throws ApiError 400, 404 */
export async function recorded(
  storage: BlockStorage,
  record: SnapshotRecord,
  inUse: boolean,
  volume: VolumeRecord,
): Promise<void> {
  await storage.snapshots.create(record)
  try {
    await link(storage, record, inUse, volume)
  } catch (error) {
    await storage.snapshots.remove(record)
    await storage.quotas.rollback(record.project, record.id)
    throw error
  }
}

/** @throws ApiError 400 */
export function checkSnapshotDeletable({ id, status }: SnapshotRecord): void {
  if (status === 'available' || status === 'error') return
  throw invalidSnapshot(
    `Snapshot ${id} status must be available or error, and it must not be part of a group; its status is: ${status}.`,
  )
}

interface Letting {
  readonly action: 'delete' | 'os-unmanage'
  readonly working: SnapshotStatus
  /** In any state. */
  readonly force?: boolean
}

/** Take a snapshot from the cluster, or let it stay there and forget it. @throws ApiError 400, 404: nothing has changed. */
export async function letGoOfSnapshot(
  storage: BlockStorage,
  caller: Caller,
  id: string,
  { action, working, force = false }: Letting,
): Promise<void> {
  await beginOn(snapshotKind, storage, await findSnapshot(storage, caller, id), {
    ...{ action, working, input: {} },
    check: (snapshot) => {
      if (!force) checkSnapshotDeletable(snapshot)
    },
  })
}

/** Change a snapshot's record alone, in one conditional write. @throws ApiError 404 */
export const amendSnapshot = async (
  storage: BlockStorage,
  caller: Caller,
  id: string,
  next: (snapshot: SnapshotRecord) => SnapshotRecord,
): Promise<SnapshotRecord> => amendOn(snapshotKind, storage, await findSnapshot(storage, caller, id), next)
