import { attach } from '../../driver/attach.ts'
import type { JobBackend } from '../backend.ts'
import { attachmentOf, type CopyImageJob, hostOf, missing, volumeOf } from './held.ts'

/**
 * Make the volume visible to the host that will copy, and to nobody else: a volume that somebody has is refused.
 * Run again, it finds its own attachment there and keeps it.
 */
export async function attachToHost(backend: JobBackend, job: CopyImageJob): Promise<void> {
  const [host, volume] = await Promise.all([hostOf(backend, job), volumeOf(backend, job)])
  if (volume === undefined) throw missing(backend, job)
  const id = attachmentOf(job)
  await attach(backend, { volume, host, mode: 'rw', id, instance: id, others: 'refuse' })
}
