import { claimIn } from '../../driver/claim.ts'
import { forgetClaim, untag } from '../../driver/claim-volume.ts'
import { deleteVolume } from '../../driver/delete-volume.ts'
import { busy, holdersOf } from '../../driver/holders.ts'
import { orAbsent } from '../../driver/settle.ts'
import { DriverError } from '../../errors.ts'
import { volumeSummary } from '../../storpool/volumes.ts'
import type { JobBackend } from '../backend.ts'
import { asJob, keepClaim } from '../claim.ts'
import { hostOf } from '../on-host/part.ts'
import type { Moving } from '../relocation.ts'
import { letGoOfSource } from './attach.ts'
import { onHost } from './parts.ts'
import { refuseSnapshots } from './snapshots.ts'
import type { Copy, MigrateJob } from './take.ts'

/**
 * See that the copy is of all there is: the source was nobody else's while it was read, has not grown, and has got
 * no snapshot.
 *
 * @throws DriverError VolumeIsBusy, naming who has it attached. Conflict: it is not what was copied any more, or has a
 *   snapshot.
 */
export const verify =
  (copy: Copy, made: Moving) =>
  async (backend: JobBackend, job: MigrateJob): Promise<void> => {
    const other = await backend.at(copy.to)
    const [from, to, holders, { clientId }] = await Promise.all([
      volumeSummary(backend.storpool, `~${copy.globalId}`),
      volumeSummary(other.storpool, `~${made.globalId}`),
      holdersOf(backend, copy.globalId),
      hostOf(backend, onHost(job)),
    ])
    await keepClaim(backend, job, from)
    await keepClaim(other, job, to)
    if (holders.some(({ client }) => client !== clientId)) {
      throw await busy(backend, 'VolumeIsBusy', from, undefined)
    }
    await refuseSnapshots(backend, from)
    if (from.size === copy.size && to.size >= from.size) return
    throw new DriverError(
      'Conflict',
      `${from.name} has ${from.size} bytes; ${copy.size} were copied onto a volume of ${to.size}`,
      { remedy: 'It was extended meanwhile: ask for the migration again.' },
    )
  }

/** From here on the copy is the volume, and is the caller's. */
export const handOver =
  ({ to }: Copy, { globalId }: Moving) =>
  async (backend: JobBackend, job: MigrateJob): Promise<void> => {
    await backend.jobs.change(job.id, { result: { host: to, provider_location: globalId } }, ['running'])
    await untag(await backend.at(to), `~${globalId}`, job.id)
  }

/** Run again, it is gone. */
export const removeSource =
  (copy: Copy) =>
  async (backend: JobBackend, job: MigrateJob): Promise<void> => {
    await letGoOfSource(copy)(backend, job)
    const volume = { id: job.input.volume.id, provider_location: copy.globalId }
    await deleteVolume(asJob(backend, job), { volume })
    await forgetClaim(backend, copy.globalId, job.id)
  }

/** What was handed over cannot be taken back: then the source is removed, whatever came after it. */
export const finishHandOver =
  (copy: Copy, made: Moving) =>
  async (backend: JobBackend, job: MigrateJob): Promise<void> => {
    const record = await backend.jobs.get(job.id)
    if (record?.result?.provider_location !== made.globalId) return
    const other = await backend.at(copy.to)
    const there = await orAbsent(volumeSummary(other.storpool, `~${made.globalId}`))
    if (there === undefined || claimIn(there.tags)?.job === job.id) return
    await removeSource(copy)(backend, job)
  }
