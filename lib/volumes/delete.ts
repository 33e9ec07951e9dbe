import * as z from 'zod'
import type { Caller } from '../auth/caller.ts'
import { deleteVolume } from '../driver/delete-volume.ts'
import type { BlockStorage } from './block-storage.ts'
import { deleteSnapshotsOf, snapshotsOf } from './cascade.ts'
import { knownVolume } from './driver-model.ts'
import { movedBy } from './migration.ts'
import type { Operation } from './operation.ts'
import { volumeAmounts } from './quotas.ts'
import type { VolumeRecord, VolumeStatus } from './record.ts'
import { invalidVolume } from './refusal.ts'

const deletable: readonly VolumeStatus[] = [
  'available',
  'error',
  'error_restoring',
  'error_extending',
  'error_managing',
]

const Input = z.object({ cascade: z.boolean().default(false) })

/** Of snapshots that are deleted with their volume. */
const deletableSnapshot = ['available', 'error']

/**
 * Whether a volume may be deleted now.
 *
 * @param force in any state but one that somebody works in, and `error_deleting` too
 * @param cascade its snapshots too, which the caller may see
 * @throws ApiError 400, one message for every reason.
 * @see cinder/volume/api.py delete
 */
export function checkDeletable(
  volume: VolumeRecord,
  { force, cascade }: { readonly force: boolean; readonly cascade: boolean },
): void {
  const migrates = volume.migrationStatus !== null && !['error', 'success'].includes(volume.migrationStatus)
  const attached = Object.keys(volume.attachments).length > 0
  const state = deletable.includes(volume.status) || (force && volume.status !== 'deleting')
  const held = volume.snapshots.length > 0 && !cascade
  if (state && !attached && !migrates && !held) return
  throw undeletable()
}

/**
 * Whether a volume's snapshots may be deleted with it.
 *
 * @throws ApiError 400
 * @see cinder/db/api.py volume_has_undeletable_snapshots_filter, volume_has_other_project_snp_filter
 */
export async function checkCascade(
  storage: BlockStorage,
  caller: Caller,
  volume: VolumeRecord,
): Promise<void> {
  const snapshots = await snapshotsOf(storage, volume)
  const isFree = snapshots.every(({ status }) => deletableSnapshot.includes(status))
  const isOurs = caller.role === 'admin' || snapshots.every(({ project }) => project === volume.project)
  if (!isFree || !isOurs) throw undeletable()
}

const undeletable = () =>
  invalidVolume(
    `Volume status must be ${deletable.slice(0, -1).join(' or ')} or ${deletable.at(-1)} and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.`,
  )

/**
 * Its snapshots first where they go too, then the volume on the cluster, also where a job had moved it before it could be
 * cancelled, then its record, then what it counted.
 */
export const deleting: Operation = {
  doing: 'delete volume',
  onFailure: 'error_deleting',
  async run(storage, volume, input) {
    if (Input.parse(input).cascade) await deleteSnapshotsOf(storage, volume)
    // Where it could not even be placed there is nothing of it anywhere.
    if (volume.host !== '') {
      await deleteVolume(await storage.backend(volume.host), { volume: knownVolume(volume) })
    }
    const job = volume.work?.instead && (await storage.jobs.get(volume.work.instead.job))
    const moved = job && movedBy(job)
    if (moved !== undefined) {
      await deleteVolume(await storage.backend(moved.host), { volume: knownVolume({ ...volume, ...moved }) })
    }
    return { gone: true, freed: volumeAmounts(volume.size, volume.typeId) }
  },
}
