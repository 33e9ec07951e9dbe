import { type Backend, volumeName } from '../../driver/backend.ts'
import { claimIn } from '../../driver/claim.ts'
import { createVolume } from '../../driver/create-volume.ts'
import { deleteVolume } from '../../driver/delete-volume.ts'
import type { VolumeType } from '../../driver/model.ts'
import { orAbsent } from '../../driver/settle.ts'
import { DriverError } from '../../errors.ts'
import type { VolumeSummary } from '../../storpool/schema/answers.ts'
import { volumeTemplatesList } from '../../storpool/templates.ts'
import { volumeSummary } from '../../storpool/volumes.ts'
import { GiB } from '../../units.ts'
import type { JobBackend } from '../backend.ts'
import { asJob, volumeThere } from '../claim.ts'
import type { Moving } from '../relocation.ts'
import type { Copy, MigrateJob } from './take.ts'

const byName = (other: Backend, { input }: MigrateJob) =>
  orAbsent(volumeSummary(other.storpool, volumeName(other, input.volume.id)))

const isMine = (job: MigrateJob, volume: VolumeSummary) => claimIn(volume.tags)?.job === job.id

/**
 * Make the volume that is written: of the same Cinder id, so of the same name, and with the job's claim from its first
 * moment. Run again, it finds its own.
 *
 * @throws DriverError VolumeExists: the name is somebody else's there. As createVolume.
 */
export const makeTarget =
  ({ to, globalId }: Copy) =>
  async (backend: JobBackend, job: MigrateJob): Promise<Moving> => {
    const { id, project_id } = job.input.volume
    const other = await backend.at(to)
    const [from, there] = await Promise.all([
      volumeThere(backend, { id, provider_location: globalId }),
      byName(other, job),
    ])
    if (there !== undefined && !isMine(job, there)) throw taken(there, to)
    const volume = {
      id,
      size: Math.ceil(from.size / GiB),
      volume_type: job.input.new_type ?? (await typeLike(other, from)),
      project_id: project_id ?? from.tags?.['cl-project'],
    }
    await createVolume(asJob(other, job), { volume })
    const made = await byName(other, job)
    if (made !== undefined && isMine(job, made)) return { globalId: made.globalId }
    throw taken({ name: from.name }, to)
  }

const taken = ({ name }: Pick<VolumeSummary, 'name'>, to: string): DriverError =>
  new DriverError('VolumeExists', `${name} is there already on ${to}, and is not the job's`, {
    remedy: 'Look which of the two is in use, and delete the other.',
  })

/** What a volume has of its own: limits, the class of service, and the template where there is one of that name. */
async function typeLike(other: Backend, from: VolumeSummary): Promise<VolumeType> {
  const { iops, bw, templateName, tags } = from
  const templates = templateName ? await volumeTemplatesList(other.storpool) : []
  const template = templates.find(({ name }) => name === templateName)
  return {
    extra_specs: {
      ...(template && { storpool_template: template.name }),
      ...(iops !== undefined && { iops: String(iops) }),
      ...(bw !== undefined && { bw: String(bw) }),
      ...(tags?.qc && { qc: tags.qc }),
    },
  }
}

/** A copy that is not whole is nobody's: what bears the job's claim on the other backend goes. */
export const removeTarget =
  ({ to, globalId }: Copy) =>
  async (backend: JobBackend, job: MigrateJob): Promise<void> => {
    const other = await backend.at(to)
    const there = await byName(other, job)
    if (there === undefined || !isMine(job, there) || there.globalId === globalId) return
    const volume = { id: job.input.volume.id, provider_location: there.globalId }
    await deleteVolume(asJob(other, job), { volume })
    await backend.jobs.change(job.id, { result: {} }, ['running'])
  }
