import { orAbsent } from '../../driver/settle.ts'
import { DriverError } from '../../errors.ts'
import type { VolumeSummary } from '../../storpool/schema/answers.ts'
import { volumeSummary } from '../../storpool/volumes.ts'
import type { JobBackend } from '../backend.ts'
import { hostOf } from '../on-host/part.ts'
import { onHost } from './parts.ts'
import type { MigrateJob } from './take.ts'
import { refuseStranger } from './way.ts'

/**
 * See before anything is changed that a volume can be copied to another backend.
 *
 * @throws DriverError UnknownHost: the host is not a client of both. InvalidInput: both are of one location.
 */
export async function refuseUncopyable(
  backend: JobBackend,
  job: MigrateJob,
  to: string,
  there: VolumeSummary,
): Promise<void> {
  const other = await backend.at(to)
  refuseStranger(await hostOf(backend, onHost(job)), { from: backend.cluster, to: other.cluster })
  const same = await orAbsent(volumeSummary(other.storpool, `~${there.globalId}`))
  if (same !== undefined) {
    throw new DriverError('InvalidInput', `${there.name} is in the location of ${to} already`, {
      remedy: 'Leave to_host out, and name the cluster of its location in cluster: StorPool moves it there.',
    })
  }
}
