import { orAbsent } from '../../driver/settle.ts'
import { DriverError } from '../../errors.ts'
import type { SnapshotSummary, VolumeSummary } from '../../storpool/schema.ts'
import { snapshotsList } from '../../storpool/snapshots.ts'
import { volumeSummary } from '../../storpool/volumes.ts'
import type { JobBackend } from '../backend.ts'
import { hostOf } from '../on-host/part.ts'
import { onHost } from './parts.ts'
import type { MigrateJob } from './take.ts'
import { refuseStranger } from './way.ts'

/** Snapshots that are named in a refusal. */
const NAMED = 5

/**
 * See before anything is changed that a volume can be copied to another backend.
 *
 * @throws DriverError UnknownHost: the host is not a client of both. InvalidInput: both are of one location. Conflict: the
 *   volume has snapshots, which would stay behind.
 */
export async function refuseUncopyable(
  backend: JobBackend,
  job: MigrateJob,
  to: string,
  there: VolumeSummary,
): Promise<void> {
  const other = await backend.at(to)
  refuseStranger(await hostOf(backend, onHost(job)), { from: backend.cluster, to: other.cluster })
  const [same, snapshots] = await Promise.all([
    orAbsent(volumeSummary(other.storpool, `~${there.globalId}`)),
    snapshotsList(backend.storpool),
  ])
  if (same !== undefined) {
    throw new DriverError('InvalidInput', `${there.name} is in the location of ${to} already`, {
      remedy: 'Leave to_host out, and name the cluster of its location in cluster: StorPool moves it there.',
    })
  }
  const left = snapshots.filter((one) => isOf(there, one)).map(({ name }) => name)
  if (left.length === 0) return
  const more = left.length > NAMED ? ` and ${left.length - NAMED} more` : ''
  throw new DriverError(
    'Conflict',
    `${there.name} has snapshots: ${left.slice(0, NAMED).join(', ')}${more}`,
    { remedy: 'A copy has none of them. Delete them first.' },
  )
}

/** A snapshot that somebody took of the volume; those of jobs go by themselves. */
const isOf = (volume: VolumeSummary, { createdFromGlobalId, deleted, transient, tags }: SnapshotSummary) =>
  createdFromGlobalId === volume.globalId && !deleted && !transient && tags?.['cl-job'] === undefined
