import { isAgentError } from '../../agent/errors.ts'
import { toldId } from '../../driver/backend.ts'
import { detach } from '../../driver/detach.ts'
import { type HostJob, hostOf, type Part } from './part.ts'

/** Milliseconds the agent may take to let go. */
const RELEASE_MS = 15_000

/**
 * Let the agent confirm that nothing of its own uses the device, then take the part from the host. Run again, there is
 * nothing to take. Never forced: a device that somebody has open stays, and the job says so.
 */
export async function detachPart(job: HostJob, part: Part): Promise<void> {
  const { backend } = part
  const found = await part.find()
  if (found === undefined) return
  const { globalId } = found
  const mine = (await backend.attachments.read(globalId)).attachments[part.attachment]
  if (mine === undefined) return
  const { id, generation } = mine
  const host = await hostOf(backend, job)
  const agent = await backend.agentOn(host)
  await agent
    .release(
      { clientId: toldId(host), volume: { globalId }, attachment: { id, generation } },
      backend.within(RELEASE_MS),
    )
    .catch((error: unknown) => {
      if (!isAgentError(error, 'not_attached', 'stale_generation')) throw error
    })
  await detach(backend, { volume: found, ends: (one) => one.id === id, clients: [], force: false })
}
