import * as z from 'zod'
import { SnapshotReference, VolumeReference } from '../driver/manage.ts'
import { manageExisting } from '../driver/manage-existing.ts'
import { manageExistingSnapshot } from '../driver/manage-existing-snapshot.ts'
import { driverSnapshot, driverVolume } from './driver-model.ts'
import type { Operation } from './operation.ts'
import type { SnapshotRecord } from './record.ts'
import { link } from './snapshot-links.ts'
import { typeOf } from './types.ts'

const VolumeInput = z.object({ ref: VolumeReference })
const SnapshotInput = z.object({ ref: SnapshotReference })

/** A volume that is on the cluster gets the name and the tags of ours. What fails has changed nothing there. */
export const managing: Operation = {
  doing: 'manage volume',
  onFailure: 'error_managing',
  countsAnyway: true,
  async run(storage, volume, input) {
    const type = await typeOf(storage, volume.typeId)
    const { provider_location: globalId } = await manageExisting(await storage.backend(volume.host), {
      volume: driverVolume(volume, type),
      existing_ref: VolumeInput.parse(input).ref,
    })
    return { done: { status: 'available', globalId } }
  },
}

/** A snapshot that is on the cluster, in the same way. */
export const managingSnapshot: Operation<SnapshotRecord> = {
  doing: 'manage snapshot',
  onFailure: 'error',
  countsAnyway: true,
  async run(storage, snapshot, input) {
    await link(storage, snapshot, true)
    const { provider_location: globalId } = await manageExistingSnapshot(
      await storage.backend(snapshot.host),
      { snapshot: driverSnapshot(snapshot), existing_ref: SnapshotInput.parse(input).ref },
    )
    return { done: { status: 'available', progress: '100%', globalId } }
  },
}
