import type { Host } from '../../driver/backend.ts'
import { volumeRef } from '../../driver/backend.ts'
import { knownHost } from '../../driver/initialize-connection.ts'
import { orAbsent } from '../../driver/settle.ts'
import { DriverError } from '../../errors.ts'
import type { VolumeSummary } from '../../storpool/schema.ts'
import { volumeSummary } from '../../storpool/volumes.ts'
import type { JobBackend } from '../backend.ts'
import type { JobOf } from '../document.ts'

export type CopyImageJob = JobOf<'copy-image-to-volume'>

/** The attachment under which the job writes: its id is the job's. */
export const attachmentOf = (job: CopyImageJob): string => `job:${job.id}`

/** The agent's task that copies. */
export const taskOf = (job: CopyImageJob): string => `${job.id}:copy`

export const hostOf = (backend: JobBackend, job: CopyImageJob): Promise<Host> =>
  knownHost(backend.hosts, job.input.host)

/** @returns undefined where the volume is not on the cluster. */
export const volumeOf = (backend: JobBackend, job: CopyImageJob): Promise<VolumeSummary | undefined> =>
  orAbsent(volumeSummary(backend.storpool, volumeRef(backend, job.input.volume)))

/**
 * What the job holds: the volume, where, and under which attachment.
 *
 * @throws DriverError VolumeNotFound. StaleGeneration: somebody ended the job's attachment.
 */
export async function held(backend: JobBackend, job: CopyImageJob) {
  const [host, volume] = await Promise.all([hostOf(backend, job), volumeOf(backend, job)])
  if (volume === undefined) throw missing(backend, job)
  const page = await backend.attachments.read(volume.globalId)
  const attachment = page.attachments[attachmentOf(job)]
  if (attachment === undefined) {
    throw new DriverError(
      'StaleGeneration',
      `${volume.name} was detached from ${host.name} while the job ran`,
    )
  }
  return {
    host,
    agent: backend.agentOn(host),
    clientId: host.clientId,
    volume: { globalId: volume.globalId, sizeBytes: volume.size },
    attachment: { id: attachment.id, generation: attachment.generation },
  }
}

export const missing = (backend: JobBackend, job: CopyImageJob): DriverError =>
  new DriverError('VolumeNotFound', `no volume ${volumeRef(backend, job.input.volume)} on the cluster`)
