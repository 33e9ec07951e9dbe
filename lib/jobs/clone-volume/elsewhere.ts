import { moveVolume } from '../../driver/move-volume.ts'
import { templateOf } from '../../driver/placement.ts'
import { Retype, retype } from '../../driver/retype.ts'
import { DriverError } from '../../errors.ts'
import type { JobBackend } from '../backend.ts'
import { asJob } from '../claim.ts'
import type { Moving } from '../relocation.ts'
import type { CloneJob } from './check.ts'

/** Let the other cluster own the clone; its data follows. Run again, it is there. */
export const move =
  ({ globalId }: Moving) =>
  async (backend: JobBackend, job: CloneJob): Promise<void> => {
    const { cluster } = job.input
    if (cluster === undefined) throw new DriverError('InvalidInput', 'no cluster is named to move to')
    await moveVolume(backend, globalId, cluster)
  }

/** Give the clone the template that its type names on the cluster where it is now. */
export const settleIn =
  ({ globalId }: Moving) =>
  async (backend: JobBackend, job: CloneJob): Promise<void> => {
    const { id, volume_type } = job.input.volume
    if (templateOf(backend, volume_type) === undefined) return
    const asked = { volume: { id, provider_location: globalId }, new_type: volume_type ?? {} }
    await retype(asJob(backend, job), Retype.parse(asked))
  }
