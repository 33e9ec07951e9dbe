import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { isAmbiguous, isOpenAt, isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema.ts'
import { volumeRevert, volumeSummary, volumeUpdate } from '../storpool/volumes.ts'
import {
  type AttachingBackend,
  type Page,
  type Reverting,
  snapshotName,
  snapshotRef,
  volumeRef,
} from './backend.ts'
import { entries, turn } from './book.ts'
import { busy, heldBy, holdersOf } from './holders.ts'
import { KnownSnapshot, KnownVolume } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'

export const RevertToSnapshot = z.strictObject({ volume: KnownVolume, snapshot: KnownSnapshot })
export type RevertToSnapshot = z.infer<typeof RevertToSnapshot>

/**
 * Give a volume a snapshot's data again; what was written since is gone. The volume keeps its name, size and limits,
 * which are remembered in the book before anything happens, so that a revert cut off in the middle puts them back when
 * it is run again. Later snapshots of the volume stay.
 *
 * @throws DriverError VolumeIsBusy: it is attached. VolumeNotFound. SnapshotNotFound. OutcomeUnknown: what StorPool has
 *   afterwards is not what was asked.
 * @see cinder/volume/drivers/storpool.py revert_to_snapshot; apache/cloudstack, StorPoolPrimaryDataStoreDriver.java:
 *   limits are applied again after a revert
 */
export async function revertToSnapshot(
  backend: AttachingBackend,
  { volume, snapshot }: RevertToSnapshot,
): Promise<void> {
  const ref = volumeRef(backend, volume)
  const before = await orAbsent(volumeSummary(backend.storpool, ref))
  if (before === undefined) throw new DriverError('VolumeNotFound', `no volume ${ref} on the cluster`)
  const to = snapshotRef(backend, snapshot)
  if (!backend.defaults.refusesAttachedRevert) await refuseAttached(backend, before)
  const kept = await remember(backend, before, to)
  const isReverted = (there: VolumeSummary) =>
    isChildOf(there, [to, snapshotName(backend, snapshot.id)], snapshot)
  await revert(backend, before, to, isReverted)
  const { size, iops, bw } = kept
  await volumeUpdate(backend.storpool, `~${before.globalId}`, { size, iops, bw })
  const after = await volumeSummary(backend.storpool, `~${before.globalId}`)
  if (after.size !== size || after.iops !== iops || after.bw !== bw || !isReverted(after)) {
    throw new DriverError('OutcomeUnknown', `${before.name} is not what a revert to ${to} leaves`, {
      remedy: 'Repeat it.',
    })
  }
  await turn(backend.attachments, before.globalId, forgotten)
}

/** By name where the snapshot has the name we gave it; one known by global id alone may have any. */
const isChildOf = (
  after: VolumeSummary,
  names: readonly string[],
  { provider_location }: KnownSnapshot,
): boolean =>
  names.includes(after.parentName ?? '') || (Boolean(provider_location) && after.parentName !== '')

async function refuseAttached(backend: AttachingBackend, volume: VolumeSummary): Promise<void> {
  const holders = await holdersOf(backend, volume.globalId)
  if (holders.length > 0) throw await busy(backend, 'VolumeIsBusy', volume, undefined)
}

/** Size and limits as they were before the first attempt at this revert. */
async function remember(backend: AttachingBackend, volume: VolumeSummary, to: string): Promise<Reverting> {
  const { size, iops = '-', bw = '-' } = volume
  const page = await turn(backend.attachments, volume.globalId, (now) => {
    if (entries(now).length > 0) throw heldBy(volume.name, entries(now))
    return now.reverting?.snapshot === to ? now : { ...now, reverting: { snapshot: to, size, iops, bw } }
  })
  return page.reverting ?? { snapshot: to, size, iops, bw }
}

async function revert(
  backend: AttachingBackend,
  volume: VolumeSummary,
  to: string,
  isReverted: (there: VolumeSummary) => boolean,
): Promise<void> {
  const ref = `~${volume.globalId}`
  try {
    await volumeRevert(backend.storpool, ref, { toSnapshot: to })
  } catch (error) {
    if (isAmbiguous(error)) {
      const there = await lookAfter(error, () => orAbsent(volumeSummary(backend.storpool, ref)))
      if (there === undefined || !isReverted(there)) throw error
      return
    }
    await turn(backend.attachments, volume.globalId, forgotten)
    if (isRefusal(error, 'busy') || isOpenAt(error)) throw await busy(backend, 'VolumeIsBusy', volume, error)
    if (!isRefusal(error, 'objectDoesNotExist')) throw error
    throw new DriverError('SnapshotNotFound', `no snapshot ${to} on the cluster`, { cause: error })
  }
}

const forgotten = (page: Page): Page =>
  page.reverting === undefined ? page : { ...page, reverting: undefined }
