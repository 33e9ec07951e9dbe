import type { Backend } from '../../driver/backend.ts'
import { DriverError } from '../../errors.ts'
import type { SnapshotSummary, VolumeSummary } from '../../storpool/schema/answers.ts'
import { snapshotsList } from '../../storpool/snapshots.ts'

/** Snapshots that are named in a refusal. */
const NAMED = 5

/**
 * See that a volume has no snapshots: they would stay where they are.
 *
 * @throws DriverError Conflict: it has, and these.
 * @see cinder/volume/api.py `migrate_volume`
 */
export async function refuseSnapshots(
  { storpool }: Pick<Backend, 'storpool'>,
  volume: Pick<VolumeSummary, 'name' | 'globalId'>,
): Promise<void> {
  const left = (await snapshotsList(storpool)).filter((one) => isOf(volume, one)).map(({ name }) => name)
  if (left.length === 0) return
  const more = left.length > NAMED ? ` and ${left.length - NAMED} more` : ''
  throw new DriverError(
    'Conflict',
    `${volume.name} has snapshots: ${left.slice(0, NAMED).join(', ')}${more}`,
    { remedy: 'They would stay where they are. Delete them first.' },
  )
}

/** A snapshot that somebody took of the volume; those of jobs go by themselves. */
const isOf = (
  volume: Pick<VolumeSummary, 'globalId'>,
  { createdFromGlobalId, deleted, transient, tags }: SnapshotSummary,
) => createdFromGlobalId === volume.globalId && !deleted && !transient && tags?.['cl-job'] === undefined
