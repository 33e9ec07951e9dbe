import type { CallOptions, StorPool } from './client.ts'
import { Ok } from './schema/answers.ts'
import type { VolumeMoveDesc } from './schema/asked.ts'
import { Clusters } from './schema/site.ts'

/**
 * The other clusters that the asked one knows.
 *
 *     GET ctrl/1.0/ClustersList
 *
 * @see python-storpool 7.3.0, spapi.py `clustersList`
 */
export const clustersList = (storpool: StorPool, options?: CallOptions): Promise<Clusters> =>
  storpool.get('ClustersList', [], Clusters, options)

/**
 * Let another cluster of the location own a volume. The global id stays; its data may follow in the background
 * (inferred). The cluster that owns the volume is to be asked.
 *
 *     POST ctrl/1.0/VolumeMoveToRemote/{volume}
 *
 * @param desc left out, an attached volume is refused.
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume or cluster. `objectExists`: the name is taken there.
 *   `busy`: it is attached. The last two are inferred.
 * @see python-storpool 7.3.0, spapi.py `volumeMoveToRemote`, sptypes.py `VolumeMoveToRemoteDesc`
 */
export const volumeMoveToRemote = (
  storpool: StorPool,
  volume: string,
  desc: VolumeMoveDesc,
  options?: CallOptions,
): Promise<Ok> => storpool.post('VolumeMoveToRemote', [volume], desc, Ok, options)
