import * as z from 'zod'
import { revertToSnapshot } from '../driver/revert-to-snapshot.ts'
import type { BlockStorage } from './block-storage.ts'
import { change } from './change.ts'
import { driverSnapshot, knownVolume } from './driver-model.ts'
import type { Operation } from './operation.ts'
import type { SnapshotRecord, VolumeRecord } from './record.ts'
import { conflict } from './refusal.ts'

const Input = z.object({ snapshot_id: z.string() })

/** The last taken: what came after it would be lost. */
export const latestSnapshot = ({ snapshots }: VolumeRecord): string | undefined => snapshots.at(-1)

/** @throws ApiError 409: somebody works on it. */
export function checkRevertible(snapshot: SnapshotRecord | undefined, id: string): void {
  if (snapshot?.status === 'available') return
  throw conflict(`Invalid snapshot: Snapshot ${id} must be available, not ${snapshot?.status ?? 'gone'}.`)
}

/** Run again, it is taken. @throws ApiError 409 */
async function taken(storage: BlockStorage, id: string): Promise<SnapshotRecord> {
  const snapshot = await change(storage.snapshots, id, (now): SnapshotRecord => {
    if (now.status === 'restoring') return now
    checkRevertible(now, id)
    return { ...now, status: 'restoring' }
  })
  if (snapshot !== undefined) return snapshot
  throw conflict(`Invalid snapshot: Snapshot ${id} is gone.`)
}

const giveBack = async (storage: BlockStorage, id: string): Promise<void> => {
  await change(
    storage.snapshots,
    id,
    (now): SnapshotRecord => (now.status === 'restoring' ? { ...now, status: 'available' } : now),
  )
}

/** What fails so has changed nothing on the cluster. */
const harmless = ['ApiError', 'VolumeIsBusy', 'SnapshotNotFound', 'BackendUnavailable']

export const reverting: Operation = {
  doing: 'revert volume to snapshot',
  onFailure: (error) => (harmless.includes(error) ? 'available' : 'error'),
  async run(storage, volume, input) {
    const { snapshot_id } = Input.parse(input)
    const snapshot = await taken(storage, snapshot_id)
    const backend = await storage.backend(volume.host)
    await revertToSnapshot(backend, { volume: knownVolume(volume), snapshot: driverSnapshot(snapshot) })
    await giveBack(storage, snapshot_id)
    return { done: {} }
  },
  async failed(storage, _, input) {
    await giveBack(storage, Input.parse(input).snapshot_id)
    return undefined
  },
}
