import { refuseTaken } from '../../driver/claim.ts'
import { Retype, retype } from '../../driver/retype.ts'
import { DriverError } from '../../errors.ts'
import type { VolumeSummary } from '../../storpool/schema/answers.ts'
import type { VolumeUpdateDesc } from '../../storpool/schema/asked.ts'
import { volumeUpdate } from '../../storpool/volumes.ts'
import type { JobBackend } from '../backend.ts'
import { asJob, volumeThere } from '../claim.ts'
import type { Before, RetypeJob } from './take.ts'

/** Give the volume its new type, and read back that it has it. Everything in it is absolute, so it may run again. */
export async function change(backend: JobBackend, job: RetypeJob): Promise<void> {
  const { volume, new_type, diff } = job.input
  const done = await retype(asJob(backend, job), Retype.parse({ volume, new_type, diff }))
  if (!done.retyped) throw new DriverError('NotSupported', done.reason)
  await backend.jobs.change(job.id, { result: { template: done.template } }, ['running'])
}

/**
 * Put back what the volume had before; data that has moved moves back by itself. Run again, there is nothing to put.
 *
 * @throws DriverError NotSupported: it had no template, and cannot be taken out of the new one. OutcomeUnknown.
 *   VolumeIsBusy: another job has it by now.
 */
export const putBack =
  (before: Before) =>
  async (backend: JobBackend, job: RetypeJob): Promise<void> => {
    const look = () => volumeThere(backend, { ...job.input.volume, provider_location: before.globalId })
    const there = await look()
    refuseTaken(asJob(backend, job), there)
    const desc = differing(before, there)
    if (Object.keys(desc).length > 0) {
      await volumeUpdate(backend.storpool, `~${before.globalId}`, desc)
      if (Object.keys(differing(before, await look())).length > 0) {
        throw new DriverError('OutcomeUnknown', `${there.name} has not got back yet what it had`)
      }
    }
    await backend.jobs.change(job.id, { result: {} }, ['running'])
    if (before.template !== '' || !there.templateName) return
    throw new DriverError(
      'NotSupported',
      `${there.name} had no template and stays in ${there.templateName}`,
      {
        remedy: 'A volume cannot be taken out of its template.',
      },
    )
  }

const differing = (before: Before, there: VolumeSummary): VolumeUpdateDesc => ({
  ...(before.template === '' || before.template === there.templateName
    ? {}
    : // With its template the limits may change too.
      { template: before.template, iops: before.iops, bw: before.bw }),
  ...(before.iops === there.iops ? {} : { iops: before.iops }),
  ...(before.bw === there.bw ? {} : { bw: before.bw }),
  ...(before.qc === (there.tags?.qc ?? '') ? {} : { tags: { ...there.tags, qc: before.qc } }),
})
