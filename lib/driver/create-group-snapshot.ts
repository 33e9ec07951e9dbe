import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import { snapshotSummary, volumesGroupSnapshot } from '../storpool/snapshots.ts'
import { type Backend, snapshotName, volumeRef } from './backend.ts'
import { isOurSnapshot } from './create-snapshot.ts'
import { BackendHost, CinderId, Snapshot } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'
import { tagsOf } from './tags.ts'

export const GroupSnapshot = z.strictObject({ id: CinderId, host: BackendHost })

/** Snapshots of one group; each of another volume. */
export const CreateGroupSnapshot = z.strictObject({
  group_snapshot: GroupSnapshot,
  snapshots: z
    .array(Snapshot)
    .min(1)
    .max(512)
    .refine(
      (snapshots) => new Set(snapshots.map(({ id }) => id)).size === snapshots.length,
      'must have each snapshot once',
    ),
})
export type CreateGroupSnapshot = z.infer<typeof CreateGroupSnapshot>

/** @see cinder/volume/driver.py create_group_snapshot: what it gives back */
export interface GroupSnapshotUpdate {
  readonly model_update: { readonly status: 'available' | 'deleted' | 'error_deleting' }
  readonly snapshots_model_update: readonly {
    readonly id: string
    readonly status: 'available' | 'deleted' | 'error_deleting'
    readonly provider_location?: string
  }[]
}

/**
 * One point in time of several volumes: all of the snapshots or none. Run again, it finds its own.
 *
 * @throws DriverError VolumeNotFound: one of the volumes is not there. Conflict: some of the names are taken, or only
 *   some of the snapshots are there, which no single point in time can mend.
 * @see cinder/volume/driver.py create_group_snapshot
 */
export async function createGroupSnapshot(
  backend: Backend,
  { snapshots }: CreateGroupSnapshot,
): Promise<GroupSnapshotUpdate> {
  const parts = snapshots.map((snapshot) => ({
    snapshot,
    name: snapshotName(backend, snapshot.id),
    ref: volumeRef(backend, snapshot.volume ?? { id: snapshot.volume_id }),
  }))
  try {
    const made = await volumesGroupSnapshot(backend.storpool, {
      volumes: parts.map(({ snapshot, name, ref }) => ({
        volume: ref,
        name,
        tags: tagsOf({ id: snapshot.id, from: snapshot.volume_id, project: snapshot.project_id }),
      })),
    })
    const ids = new Map(made.snapshots.map(({ snapshot, snapshotGlobalId }) => [snapshot, snapshotGlobalId]))
    return available(parts.map(({ snapshot, name }) => ({ id: snapshot.id, globalId: ids.get(name) })))
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) {
      throw new DriverError('VolumeNotFound', `a volume of the group is not on the cluster: ${error.descr}`, {
        cause: error,
      })
    }
    if (!isRefusal(error, 'objectExists') && !isAmbiguous(error)) throw error
    const found = await lookAfter(error, () =>
      Promise.all(parts.map(({ name }) => orAbsent(snapshotSummary(backend.storpool, name)))),
    )
    if (isAmbiguous(error) && found?.every((there) => there === undefined)) throw error
    const ours = parts.map(({ snapshot }, n) => {
      const there = found?.[n]
      const mine = { id: snapshot.id, from: snapshot.volume_id }
      return there !== undefined && isOurSnapshot(backend, there, mine) ? there.globalId : undefined
    })
    if (ours.includes(undefined)) {
      throw new DriverError('Conflict', 'some of the snapshots of the group are there already, and not all', {
        cause: error,
        remedy: 'Delete the group snapshot, then take it again.',
      })
    }
    return available(parts.map(({ snapshot }, n) => ({ id: snapshot.id, globalId: ours[n] })))
  }
}

const available = (made: readonly { id: string; globalId: string | undefined }[]): GroupSnapshotUpdate => ({
  model_update: { status: 'available' },
  snapshots_model_update: made.map(({ id, globalId }) => ({
    id,
    status: 'available',
    ...(globalId === undefined ? {} : { provider_location: globalId }),
  })),
})
