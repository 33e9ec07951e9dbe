import { attach } from '../../driver/attach.ts'
import { DriverError } from '../../errors.ts'
import type { JobBackend } from '../backend.ts'
import { refuseEncrypted } from '../encrypted.ts'
import { attachmentOf, type CopyImageJob, hostOf, missing, volumeOf } from './held.ts'

/**
 * Make the volume visible to the host that will copy, and to nobody else: a volume that somebody has is refused, and
 * a host without an agent, as nobody there could let go of it again. Run again, it finds its own attachment there and
 * keeps it.
 */
export async function attachToHost(backend: JobBackend, job: CopyImageJob): Promise<void> {
  refuseEncrypted(job.input.volume)
  const [host, volume] = await Promise.all([hostOf(backend, job), volumeOf(backend, job)])
  if (host.agent === undefined) {
    throw new DriverError('UnknownHost', `host ${host.name} is not known to have an agent`, {
      remedy: "Put the agent's address beside the host's client id, then ask again.",
    })
  }
  if (volume === undefined) throw missing(backend, job)
  const id = attachmentOf(job)
  await attach(backend, { volume, host, mode: 'rw', id, instance: id, others: 'refuse' })
}
