import { claimIn } from '../../driver/claim.ts'
import { createVolume } from '../../driver/create-volume.ts'
import { deleteVolume } from '../../driver/delete-volume.ts'
import type { KnownVolume } from '../../driver/model.ts'
import { DriverError } from '../../errors.ts'
import type { JobBackend } from '../backend.ts'
import { asJob, release } from '../claim.ts'
import type { JobOf } from '../document.ts'
import { refuseEncrypted } from '../encrypted.ts'
import { attachPart, awaitPart } from '../on-host/attach.ts'
import { detachPart } from '../on-host/detach.ts'
import { volumePart } from '../on-host/part.ts'

export type RestoreJob = JobOf<'restore-backup'>

const volumeOf = ({ input }: RestoreJob): KnownVolume => {
  const { size: _size, ...volume } = input.volume
  return volume
}

/** The volume the backup is written on. */
export const target = (backend: JobBackend, job: RestoreJob) => volumePart(backend, job, volumeOf(job), 'rw')

/** Where the volume is to be made, make it. */
export async function makeTarget(backend: JobBackend, job: RestoreJob): Promise<void> {
  refuseEncrypted(volumeOf(job))
  const { create_volume, volume, backup } = job.input
  const part = target(backend, job)
  const there = await part.find()
  if (create_volume && there !== undefined && claimIn(there.tags)?.job !== job.id) {
    throw new DriverError('VolumeExists', `${there.name} is there already`, {
      remedy: 'Restore onto it without create_volume, or use another id.',
    })
  }
  if (create_volume && volume.size !== undefined) {
    await createVolume(asJob(backend, job), { volume: { ...volume, size: volume.size } })
  }
  const found = await part.find()
  if (found === undefined) throw part.missing()
  if (found.size >= backup.sizeBytes) return
  throw new DriverError(
    'InvalidInput',
    `${found.name} has ${found.size} bytes, and the backup ${backup.sizeBytes}`,
    { remedy: 'Restore onto a larger volume, or extend this one first.' },
  )
}

/** A volume that was made for this is removed again: it bears the job's claim until it is the caller's. */
export async function removeMade(backend: JobBackend, job: RestoreJob): Promise<void> {
  const there = job.input.create_volume ? await target(backend, job).find() : undefined
  if (there === undefined || claimIn(there.tags)?.job !== job.id) return
  const { id } = job.input.volume
  await deleteVolume(asJob(backend, job), { volume: { id, provider_location: there.globalId } })
  await backend.jobs.change(job.id, { result: {} }, ['running'])
}

/** From here on the volume is the caller's. */
export const handOver = (backend: JobBackend, job: RestoreJob): Promise<void> =>
  release(backend, job, volumeOf(job))

export const attachTarget = (backend: JobBackend, job: RestoreJob): Promise<void> =>
  attachPart(job, target(backend, job))

export const awaitTarget = (backend: JobBackend, job: RestoreJob): Promise<void> =>
  awaitPart(job, target(backend, job))

export const detachTarget = (backend: JobBackend, job: RestoreJob): Promise<void> =>
  detachPart(job, target(backend, job))
