import * as z from 'zod'
import type { CallOptions, StorPool } from './client.ts'
import {
  Ok,
  VolumeCreated,
  VolumeDescription,
  VolumeSpace,
  VolumeStatus,
  VolumeSummary,
} from './schema/answers.ts'
import type {
  RebaseDesc,
  VolumeCreateDesc,
  VolumeDeleteDesc,
  VolumeRevertDesc,
  VolumeUpdateDesc,
} from './schema/asked.ts'

const Volumes = z.array(VolumeSummary)
const OneVolume = z.tuple([VolumeSummary]).transform(([volume]) => volume)
const Spaces = z.array(VolumeSpace)
const Statuses = z.record(z.string(), VolumeStatus)

/**
 * All volumes, thousands of them: never the way to find one.
 *
 *     GET ctrl/1.0/MultiCluster/VolumesList
 *
 * @see python-storpool 7.3.0, spapi.py `volumesList`
 */
export const volumesList = (storpool: StorPool): Promise<VolumeSummary[]> =>
  storpool.get('VolumesList', [], Volumes)

/**
 * One volume: the cheapest way to learn whether it is there.
 *
 *     GET ctrl/1.0/MultiCluster/Volume/{volume}
 *
 * @param volume a name, or `~` and a global id.
 * @returns `size` in bytes, `bw` in KB per second, `globalId` without `~`, `templateName` as it really is.
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume.
 * @throws StorPoolUnreadable also when the answer holds no volume, or several.
 * @see python-storpool 7.3.0, spapi.py `volumeList`
 */
export const volumeSummary = (storpool: StorPool, volume: string): Promise<VolumeSummary> =>
  storpool.get('Volume', [volume], OneVolume)

/**
 * Create a volume: empty, from a snapshot (`parent`), or as a copy of a live volume (`baseOn`).
 *
 *     POST ctrl/1.0/MultiCluster/VolumeCreate
 *
 * @param desc `size` in bytes, a multiple of 512; with a source it may be left out, and the source's is taken.
 *   `template` goes with either source: the copy then lives where the template says.
 * @returns the new volume's `globalId`, such as `bzk.b.gj`: the name of its device link. A server may leave it out.
 * @throws StorPoolApiError `objectExists`: a volume or a snapshot has the name. `objectDoesNotExist`: no such source
 *   or template. `invalidParam`: a size or a name the API does not take. `insufficientResources`: no room.
 * @see python-storpool 7.3.0, spapi.py `volumeCreate`, sptypes.py `VolumeCreateDesc`
 */
export const volumeCreate = (storpool: StorPool, desc: VolumeCreateDesc): Promise<VolumeCreated> =>
  storpool.post('VolumeCreate', [], desc, VolumeCreated)

/**
 * Change a volume's name, size, template, limits or tags. Hosts learn a new size some time after the answer.
 *
 *     POST ctrl/1.0/MultiCluster/VolumeUpdate/{volume}
 *
 * @param desc `size` in bytes; a smaller one needs `shrinkOk` and loses what was behind it. A new `template` is
 *   answered at once and moves data in the background. `tags`: send the complete set, with `''` for those to remove,
 *   as servers may merge or replace.
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume or template. `objectExists`: the new name is taken.
 *   `invalidParam`: smaller without `shrinkOk` (inferred).
 * @see python-storpool 7.3.0, spapi.py `volumeUpdate`, sptypes.py `VolumeUpdateDesc`
 */
export const volumeUpdate = (storpool: StorPool, volume: string, desc: VolumeUpdateDesc): Promise<Ok> =>
  storpool.post('VolumeUpdate', [volume], desc, Ok)

/**
 * Delete a volume; its data goes in the background.
 *
 *     POST ctrl/1.0/MultiCluster/VolumeDelete/{volume}
 *
 * @param desc left out, an attached volume is refused; older servers may not know `onAttached`.
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume. `busy`: it is attached.
 * @see python-storpool 7.3.0, spapi.py `volumeDelete`; apache/cloudstack, StorPoolUtil.java for `onAttached`
 */
export const volumeDelete = (storpool: StorPool, volume: string, desc?: VolumeDeleteDesc): Promise<Ok> =>
  storpool.post('VolumeDelete', [volume], desc, Ok)

/**
 * Put a snapshot's data in the place of a volume's. Name, global id and later snapshots stay.
 *
 *     POST ctrl/1.0/MultiCluster/VolumeRevert/{volume}
 *
 * @param desc with `revertSize` the snapshot's size too; without it the volume keeps its own (inferred).
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume or snapshot. `busy` or `invalidParam`: it is attached
 *   (inferred).
 * @see python-storpool 7.3.0, spapi.py `volumeRevert`, sptypes.py `VolumeRevertDesc`
 */
export const volumeRevert = (storpool: StorPool, volume: string, desc: VolumeRevertDesc): Promise<Ok> =>
  storpool.post('VolumeRevert', [volume], desc, Ok)

/**
 * Change the snapshot a volume is a child of to another of its ancestors, or to none. Data that it has from those it
 * leaves becomes its own in the background (inferred). The cluster that owns the volume is to be asked.
 *
 *     POST ctrl/1.0/VolumeRebase/{volume}
 *
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume. `invalidParam`: no ancestor of that name.
 * @see python-storpool 7.3.0, spapi.py `volumeRebase`, sptypes.py `VolumeRebaseDesc`
 */
export const volumeRebase = (
  storpool: StorPool,
  volume: string,
  desc: RebaseDesc,
  options?: CallOptions,
): Promise<Ok> => storpool.post('VolumeRebase', [volume], desc, Ok, options)

/**
 * One volume with the place of each of its pieces of up to 32 MiB: long for a large one.
 *
 *     GET ctrl/1.0/MultiCluster/VolumeDescribe/{volume}
 *
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume.
 * @see python-storpool 7.3.0, spapi.py `volumeDescribe`, sptypes.py `Volume`
 */
export const volumeDescribe = (storpool: StorPool, volume: string): Promise<VolumeDescription> =>
  storpool.get('VolumeDescribe', [volume], VolumeDescription)

/**
 * What every volume stores. Slow: for metering, not for a request somebody waits for.
 *
 *     GET ctrl/1.0/MultiCluster/VolumesSpace
 *
 * @returns bytes: `storedSize` of the volume's own data, `spaceUsed` with what its ancestors hold.
 * @see python-storpool 7.3.0, spapi.py `volumesSpace`, sptypes.py `VolumeSpace`
 */
export const volumesSpace = (storpool: StorPool, options?: CallOptions): Promise<VolumeSpace[]> =>
  storpool.get('VolumesSpace', [], Spaces, options)

/**
 * The state of every volume and snapshot by name, with what they store in bytes. May take long on a large cluster.
 *
 *     GET ctrl/1.0/MultiCluster/VolumesGetStatus
 *
 * @see python-storpool 7.3.0, spapi.py `volumesStatus`, sptypes.py `VolumeStatus`
 */
export const volumesGetStatus = (
  storpool: StorPool,
  options?: CallOptions,
): Promise<Record<string, VolumeStatus>> => storpool.get('VolumesGetStatus', [], Statuses, options)

/**
 * As `volumesGetStatus`, without what is stored. `migrating` tells whether data still moves to a new template.
 *
 *     GET ctrl/1.0/MultiCluster/VolumesGetStatusQuick
 *
 * @see python-storpool 7.3.0, spapi.py `volumesQuickStatus`, sptypes.py `VolumeStatusQuick`
 */
export const volumesGetStatusQuick = (
  storpool: StorPool,
  options?: CallOptions,
): Promise<Record<string, VolumeStatus>> => storpool.get('VolumesGetStatusQuick', [], Statuses, options)
