/**
 * The queries that take the `MultiCluster/` prefix. Every other query acts on one cluster only, and a server is
 * not asked for what its vendor's library never asks.
 *
 * @see python-storpool 7.3.0, spapi.py: the calls declared with `multiCluster=True`
 */
export const multiClusterQueries: ReadonlySet<string> = new Set([
  'VolumesList',
  'Volume',
  'VolumeGetInfo',
  'VolumeDescribe',
  'VolumesGetStatus',
  'VolumesGetStatusQuick',
  'VolumesSpace',
  'VolumeCreate',
  'VolumeUpdate',
  'VolumeDelete',
  'VolumeRevert',
  'VolumeFreeze',
  'VolumeAcquire',
  'VolumeBackup',
  'VolumesGroupBackup',
  'SnapshotsList',
  'Snapshot',
  'SnapshotGetInfo',
  'SnapshotDescribe',
  'SnapshotsSpace',
  'VolumeSnapshot',
  'VolumesGroupSnapshot',
  'SnapshotDelete',
  'AttachmentsList',
  'VolumesReassign',
  'VolumesReassignWait',
])

/**
 * One part of a path, percent-encoded but for the characters StorPool's names are made of: no public client
 * encodes those, and whether the server would decode them is not known. `#` has to be encoded, as it ends a path.
 *
 * @throws TypeError for the empty part, `.` and `..`, which anything on the way may fold into another path.
 */
export const encodePart = (part: string): string => {
  if (part === '' || part === '.' || part === '..')
    throw new TypeError(`${JSON.stringify(part)} names no object`)
  return encodeURIComponent(part.toWellFormed()).replaceAll('%40', '@').replaceAll('%3A', ':')
}

/** Where a call goes: another cluster's API, and all clusters of the location or one. */
export interface Scope {
  /** The name or `~id` of the cluster to forward the call to. */
  readonly cluster: string | undefined
  readonly multiCluster: boolean
}

/** @see python-storpool 7.3.0, spapi.py `_format_path` */
export const pathOf = (query: string, args: readonly string[], scope: Scope): string => {
  const remote = scope.cluster === undefined ? '' : `RemoteCommand/${encodePart(scope.cluster)}/`
  const multi = scope.multiCluster && multiClusterQueries.has(query) ? 'MultiCluster/' : ''
  return `/ctrl/1.0/${remote}${multi}${[query, ...args.map(encodePart)].join('/')}`
}
