import { refuseTaken } from '../../driver/claim.ts'
import { moveVolume } from '../../driver/move-volume.ts'
import { orAbsent } from '../../driver/settle.ts'
import { DriverError } from '../../errors.ts'
import { volumeSummary } from '../../storpool/volumes.ts'
import type { JobBackend } from '../backend.ts'
import { asJob } from '../claim.ts'
import type { MigrateJob, Move } from './take.ts'

/**
 * Let the other cluster own the volume, and see that it is the same volume: its global id, name and template stay, so
 * nothing that knows it has to learn anything new. Run again, it is there.
 *
 * @throws DriverError as moveVolume. VolumeBackendError: it is not the same.
 */
export const move =
  ({ globalId, name, template, to }: Move) =>
  async (backend: JobBackend, job: MigrateJob): Promise<void> => {
    const after = await moveVolume(backend, globalId, to)
    if (after.name !== name || (after.templateName ?? '') !== template) {
      const found = `${after.name} in template ${after.templateName || '(none)'}`
      throw new DriverError('VolumeBackendError', `${name} of template ${template} became ${found} on ${to}`)
    }
    const result = { cluster: to, provider_location: globalId }
    await backend.jobs.change(job.id, { result }, ['running'])
  }

/** What was not to end there goes back to where it was. Run again, it is there. */
export const moveBack =
  ({ globalId, from }: Move) =>
  async (backend: JobBackend, job: MigrateJob): Promise<void> => {
    const there = await orAbsent(volumeSummary(backend.storpool, `~${globalId}`))
    if (there === undefined || from === undefined) return
    refuseTaken(asJob(backend, job), there)
    await moveVolume(backend, globalId, from)
    await backend.jobs.change(job.id, { result: {} }, ['running'])
  }
