import * as z from 'zod'
import { DriverError, isDriverError } from '../errors.ts'
import { isAmbiguous, isOpenAt, isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import { volumeRevert, volumeSummary, volumeUpdate } from '../storpool/volumes.ts'
import {
  type AttachingBackend,
  type Attachment,
  type Page,
  type Reverting,
  snapshotName,
  snapshotRef,
  volumeRef,
} from './backend.ts'
import { entries, turn } from './book.ts'
import { refuseTaken } from './claim.ts'
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
 * @throws DriverError VolumeIsBusy: it is attached, or a job has it. VolumeNotFound. SnapshotNotFound. OutcomeUnknown: what StorPool has
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
  refuseTaken(backend, before)
  const to = snapshotRef(backend, snapshot)
  if (!backend.defaults.refusesAttachedRevert) await refuseAttached(backend, before)
  const { kept, resumed } = await remember(backend, before, to)
  const isReverted = (there: VolumeSummary) =>
    isChildOf(there, [to, snapshotName(backend, snapshot.id)], snapshot)
  try {
    await revert(backend, before, to)
  } catch (error) {
    if (isAmbiguous(error)) throw error
    if (resumed) await restore(backend, before, kept)
    await turn(backend.attachments, before.globalId, forgotten)
    throw error
  }
  await restore(backend, before, kept)
  const after = await volumeSummary(backend.storpool, `~${before.globalId}`)
  const { size, iops, bw } = kept
  if (after.size < size || after.iops !== iops || after.bw !== bw || !isReverted(after)) {
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

/**
 * Size and limits as they were before the first attempt. One that was begun and never ended may have taken them from
 * the volume already, whatever it reverted to: then what it remembered counts.
 */
async function remember(
  backend: AttachingBackend,
  volume: VolumeSummary,
  to: string,
): Promise<{ readonly kept: Reverting; readonly resumed: boolean }> {
  const { size, iops = '-', bw = '-' } = volume
  const fresh: Reverting = { snapshot: to, size, iops, bw }
  let kept = fresh
  const noted = (counts: (attachment: Attachment) => boolean) =>
    turn(backend.attachments, volume.globalId, (now) => {
      const held = entries(now).filter(counts)
      if (held.length > 0) throw heldBy(volume.name, held)
      kept = now.reverting ?? fresh
      return kept === now.reverting ? now : { ...now, reverting: kept }
    })
  await noted(() => true).catch(async (error: unknown) => {
    if (!isDriverError(error, 'VolumeIsBusy')) throw error
    // A host's own os-brick detaches, and tells nobody. Its attachment stays in the book, as it may be made anew this
    // moment, and so do intents, which StorPool may be about to carry out: the revert is refused then.
    const holders = await holdersOf(backend, volume.globalId)
    await noted(
      ({ state, clientId }) => state !== 'attached' || holders.some(({ client }) => client === clientId),
    )
  })
  return { kept: { ...kept, size: Math.max(kept.size, size) }, resumed: kept !== fresh }
}

/** Nothing is ever made smaller. */
export async function restore(
  backend: AttachingBackend,
  { globalId }: VolumeSummary,
  { size, iops, bw }: Reverting,
): Promise<void> {
  const ref = `~${globalId}`
  try {
    await volumeUpdate(backend.storpool, ref, { size, iops, bw })
  } catch (error) {
    if (!isRefusal(error, 'invalidParam')) throw error
    // Where it was extended meanwhile it stays so: nothing is ever made smaller.
    if ((await volumeSummary(backend.storpool, ref)).size <= size) throw error
    await volumeUpdate(backend.storpool, ref, { iops, bw })
  }
}

/**
 * Before a revert to its newest snapshot the volume is that snapshot's child, and afterwards too: where the answer was
 * lost no reading tells, so it is sent again. It does the same again.
 */
async function revert(backend: AttachingBackend, volume: VolumeSummary, to: string): Promise<void> {
  const send = () => volumeRevert(backend.storpool, `~${volume.globalId}`, { toSnapshot: to })
  try {
    await send()
  } catch (error) {
    if (isAmbiguous(error)) {
      await lookAfter(error, send)
      return
    }
    if (isRefusal(error, 'busy') || isOpenAt(error)) throw await busy(backend, 'VolumeIsBusy', volume, error)
    if (!isRefusal(error, 'objectDoesNotExist')) throw error
    throw new DriverError('SnapshotNotFound', `no snapshot ${to} on the cluster`, { cause: error })
  }
}

export const forgotten = (page: Page): Page =>
  page.reverting === undefined ? page : { ...page, reverting: undefined }
