import * as z from 'zod'
import type { CallOptions, StorPool } from './client.ts'
import {
  Ok,
  SnapshotCreated,
  SnapshotSpace,
  SnapshotSummary,
  VolumesGroupSnapshotted,
} from './schema/answers.ts'
import type { SnapshotUpdateDesc, VolumeSnapshotDesc, VolumesGroupSnapshotDesc } from './schema/asked.ts'

const Snapshots = z.array(SnapshotSummary)
const OneSnapshot = z.tuple([SnapshotSummary]).transform(([snapshot]) => snapshot)
const Spaces = z.array(SnapshotSpace)

/**
 * All snapshots, with those that are being deleted (`deleted`, and a name that begins with `*`) and those the server
 * made for itself (`transient`).
 *
 *     GET ctrl/1.0/MultiCluster/SnapshotsList
 *
 * @see python-storpool 7.3.0, spapi.py `snapshotsList`
 */
export const snapshotsList = (storpool: StorPool): Promise<SnapshotSummary[]> =>
  storpool.get('SnapshotsList', [], Snapshots)

/**
 * One snapshot.
 *
 *     GET ctrl/1.0/MultiCluster/Snapshot/{snapshot}
 *
 * @param snapshot a name, or `~` and a global id.
 * @returns `size` in bytes. `deleted` says that it is on its way out.
 * @throws StorPoolApiError `objectDoesNotExist`: no such snapshot.
 * @throws StorPoolUnreadable also when the answer holds no snapshot, or several.
 * @see python-storpool 7.3.0, spapi.py `snapshotList`
 */
export const snapshotSummary = (storpool: StorPool, snapshot: string): Promise<SnapshotSummary> =>
  storpool.get('Snapshot', [snapshot], OneSnapshot)

/**
 * The snapshots a volume descends from.
 *
 *     GET ctrl/1.0/VolumeListSnapshots/{volume}
 *
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume.
 * @see python-storpool 7.3.0, spapi.py `volumeListSnapshots`
 */
export const volumeListSnapshots = (
  storpool: StorPool,
  volume: string,
  options?: CallOptions,
): Promise<SnapshotSummary[]> => storpool.get('VolumeListSnapshots', [volume], Snapshots, options)

/**
 * Take a snapshot of a volume, which may be attached and busy. It does not get the volume's tags.
 *
 *     POST ctrl/1.0/MultiCluster/VolumeSnapshot/{volume}
 *
 * @param desc with `bind` it goes away by itself once it has neither children nor attachments. `deleteAfter` in
 *   seconds from now, `targetDeleteDate` in Unix seconds.
 * @returns its `snapshotGlobalId`, and `autoName` when none was given.
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume. `objectExists`: a volume or a snapshot has the name.
 * @see python-storpool 7.3.0, spapi.py `snapshotCreate`, sptypes.py `VolumeSnapshotDesc`
 */
export const volumeSnapshot = (
  storpool: StorPool,
  volume: string,
  desc: VolumeSnapshotDesc,
): Promise<SnapshotCreated> => storpool.post('VolumeSnapshot', [volume], desc, SnapshotCreated)

/**
 * Take a snapshot of each of several volumes, all of one point in time.
 *
 *     POST ctrl/1.0/MultiCluster/VolumesGroupSnapshot
 *
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume. `objectExists`: a name is taken.
 * @see python-storpool 7.3.0, spapi.py `snapshotCreateGroup`, sptypes.py `GroupSnapshotsSpec`
 */
export const volumesGroupSnapshot = (
  storpool: StorPool,
  desc: VolumesGroupSnapshotDesc,
): Promise<VolumesGroupSnapshotted> =>
  storpool.post('VolumesGroupSnapshot', [], desc, VolumesGroupSnapshotted)

/**
 * Change a snapshot's name, template, tags, or when it goes. One cluster's only: a snapshot that lives in another
 * is reached with that `cluster`.
 *
 *     POST ctrl/1.0/SnapshotUpdate/{snapshot}
 *
 * @param desc `deleteAfter` in seconds from now, 0 to keep it.
 * @throws StorPoolApiError `objectDoesNotExist`: no such snapshot or template. `objectExists`: the new name is taken.
 * @see python-storpool 7.3.0, spapi.py `snapshotUpdate`, sptypes.py `SnapshotUpdateDesc`
 */
export const snapshotUpdate = (
  storpool: StorPool,
  snapshot: string,
  desc: SnapshotUpdateDesc,
  options?: CallOptions,
): Promise<Ok> => storpool.post('SnapshotUpdate', [snapshot], desc, Ok, options)

/**
 * Delete a snapshot. The name is free at once (inferred); the snapshot itself, and what its children share with it,
 * goes in the background.
 *
 *     POST ctrl/1.0/MultiCluster/SnapshotDelete/{snapshot}
 *
 * @throws StorPoolApiError `objectDoesNotExist`: no such snapshot. `busy`: it is attached (inferred).
 * @see python-storpool 7.3.0, spapi.py `snapshotDelete`
 */
export const snapshotDelete = (storpool: StorPool, snapshot: string): Promise<Ok> =>
  storpool.post('SnapshotDelete', [snapshot], undefined, Ok)

/**
 * What every snapshot stores. Slow, as `volumesSpace` is.
 *
 *     GET ctrl/1.0/MultiCluster/SnapshotsSpace
 *
 * @returns bytes: `storedSize` of the snapshot's own data, `spaceUsed` what deleting it would free.
 * @see python-storpool 7.3.0, spapi.py `snapshotsSpace`, sptypes.py `SnapshotSpace`
 */
export const snapshotsSpace = (storpool: StorPool, options?: CallOptions): Promise<SnapshotSpace[]> =>
  storpool.get('SnapshotsSpace', [], Spaces, options)
