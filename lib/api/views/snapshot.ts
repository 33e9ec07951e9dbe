import type { SnapshotRecord } from '../../volumes/record.ts'
import type { BriefSnapshot, DetailedSnapshot, Snapshot } from '../answers/snapshot.ts'
import { timeOf } from './time.ts'
import type { Viewer } from './volume.ts'

/** What a list without details says. @see cinder/api/v2/views/snapshots.py summary */
export const briefSnapshot = (snapshot: SnapshotRecord): BriefSnapshot => ({
  id: snapshot.id,
  name: snapshot.name,
  description: snapshot.description,
  volume_id: snapshot.volumeId,
  status: snapshot.status,
  size: snapshot.size,
  created_at: timeOf(snapshot.createdAt),
  updated_at: timeOf(snapshot.updatedAt),
  metadata: snapshot.metadata,
})

/** What create and update answer. @see cinder/api/v3/views/snapshots.py */
export const snapshotView = ({ version }: Viewer, snapshot: SnapshotRecord): Snapshot => ({
  ...briefSnapshot(snapshot),
  ...(version >= 14 && { group_snapshot_id: null }),
  ...(version >= 41 && { user_id: snapshot.user }),
  ...(version >= 65 && { consumes_quota: true }),
})

/** What showing one and a list with details say beside. */
export const detailedSnapshot = (viewer: Viewer, snapshot: SnapshotRecord): DetailedSnapshot => ({
  ...snapshotView(viewer, snapshot),
  'os-extended-snapshot-attributes:project_id': snapshot.project,
  'os-extended-snapshot-attributes:progress': snapshot.progress,
})
