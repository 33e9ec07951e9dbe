import { DriverError } from '../errors.ts'
import type { JobRecord } from '../jobs/record.ts'
import type { BlockStorage } from './block-storage.ts'
import { driverType, knownVolume } from './driver-model.ts'
import type { TypeRecord, VolumeRecord } from './record.ts'

/** `host@backend` of `host@backend#pool`. */
export const serviceOf = (host: string): string => host.split('#')[0] ?? host

/**
 * Have a volume's data copied to another backend.
 *
 * @param to `host@backend#pool`
 * @param type what it is to be of there; without one it keeps its limits, and its template where there is one of that name
 * @returns the job's id: the same however often it is asked for.
 * @throws DriverError VolumeIsBusy: it is in use. As submitJob.
 */
export async function submitMigration(
  storage: BlockStorage,
  volume: VolumeRecord,
  to: string,
  type?: TypeRecord,
): Promise<string> {
  if (Object.keys(volume.attachments).length > 0) {
    throw new DriverError('VolumeIsBusy', `volume ${volume.id} is in use, and has to move to ${to}`, {
      remedy: 'Detach it first.',
    })
  }
  const { id } = await storage.jobs.submit({
    kind: 'migrate-volume',
    project: volume.project,
    idempotencyKey: `migrate ${volume.work?.id ?? volume.id}`,
    input: { volume: knownVolume(volume), to_host: to, ...(type && { new_type: driverType(type) }) },
  })
  return id
}

/** Where a job has left a volume; undefined where it has not moved it. */
export const movedBy = ({ result }: JobRecord) => {
  const { host, provider_location: globalId } = result ?? {}
  if (typeof host !== 'string' || typeof globalId !== 'string') return undefined
  return { host, globalId, nameId: null }
}

/** Where a volume is once its job has ended. */
export const migrated = (volume: VolumeRecord, job: JobRecord) => {
  const moved = movedBy(job)
  if (moved !== undefined) return moved
  throw new DriverError('VolumeBackendError', `the migration of ${volume.id} does not say where it went`)
}
