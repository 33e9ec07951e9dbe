import { isAgentError } from '../../agent/errors.ts'
import { detach } from '../../driver/detach.ts'
import type { JobBackend } from '../backend.ts'
import { attachmentOf, type CopyImageJob, hostOf, volumeOf } from './held.ts'

/** Milliseconds the agent may take to let go. */
const RELEASE_MS = 15_000

/**
 * Let the agent confirm that nothing of its own uses the device, then take the volume from the host. Run again,
 * there is nothing to take. Never forced: a device that somebody has open stays, and the job says so.
 */
export async function detachFromHost(backend: JobBackend, job: CopyImageJob): Promise<void> {
  const volume = await volumeOf(backend, job)
  if (volume === undefined) return
  const id = attachmentOf(job)
  const attachment = (await backend.attachments.read(volume.globalId)).attachments[id]
  if (attachment === undefined) return
  const host = await hostOf(backend, job)
  await backend
    .agentOn(host)
    .release(
      {
        clientId: host.clientId,
        volume: { globalId: volume.globalId },
        attachment: { id, generation: attachment.generation },
      },
      Math.min(backend.storpool.deadline, Date.now() + RELEASE_MS),
    )
    .catch((error: unknown) => {
      if (!isAgentError(error, 'not_attached', 'stale_generation')) throw error
    })
  await detach(backend, { volume, ends: (one) => one.id === id, clients: [], force: false })
}
