import { deleteVolume } from '../driver/delete-volume.ts'
import { knownVolume } from './driver-model.ts'
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

/**
 * Whether a volume may be deleted now.
 *
 * @param force in any state but one that somebody works in, and `error_deleting` too
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
  throw invalidVolume(
    `Volume status must be ${deletable.slice(0, -1).join(' or ')} or ${deletable.at(-1)} and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.`,
  )
}

/** The volume on the cluster first, then its record, then what it counted. */
export const deleting: Operation = {
  doing: 'delete volume',
  onFailure: 'error_deleting',
  async run(storage, volume) {
    // Where it could not even be placed there is nothing of it anywhere.
    if (volume.host !== '') {
      await deleteVolume(await storage.backend(volume.host), { volume: knownVolume(volume) })
    }
    return { gone: true, freed: volumeAmounts(volume.size, volume.typeId) }
  },
}
