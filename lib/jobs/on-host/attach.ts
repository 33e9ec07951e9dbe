import { attach } from '../../driver/attach.ts'
import { toldId } from '../../driver/backend.ts'
import { DriverError } from '../../errors.ts'
import { ANSWER_MS, type HostJob, held, hostOf, type Part } from './part.ts'

/** Milliseconds the agent may wait for a device within one step. */
const DEVICE_WAIT_MS = 15_000

/**
 * Make a part visible to the host that will work on it, and to nobody else: what somebody has is refused, and a host
 * without an agent, as nobody there could let go of it again. Run again, it finds its own attachment there and keeps it.
 */
export async function attachPart(job: HostJob, part: Part): Promise<void> {
  const { backend } = part
  const [host, found] = await Promise.all([hostOf(backend, job), part.find()])
  if (host.agent === undefined) {
    throw new DriverError('UnknownHost', `host ${host.name} is not known to have an agent`, {
      remedy: "Put the agent's address into the host's entry in HOSTS, then ask again.",
    })
  }
  if (found === undefined) throw part.missing()
  // It says first that it is this host: nothing is attached to another.
  const agent = await backend.agentOn(host)
  const { attachment: id, mode } = part
  const volume = { globalId: found.globalId, sizeBytes: found.size }
  await attach(backend, {
    volume: found,
    host,
    mode,
    id,
    instance: `job:${job.id}`,
    others: 'refuse',
    announce: ({ generation }) =>
      agent.announce(
        { clientId: toldId(host), volume, attachment: { id, generation }, mode },
        backend.within(ANSWER_MS),
      ),
  })
}

/** Wait until a part's device is there, with its size. */
export async function awaitPart(job: HostJob, part: Part): Promise<void> {
  const { backend } = part
  const [host, mine] = await Promise.all([hostOf(backend, job), held(job, part)])
  const agent = await backend.agentOn(host)
  await agent.attachWait(
    { clientId: toldId(host), ...mine, mode: part.mode, waitMs: DEVICE_WAIT_MS },
    backend.within(DEVICE_WAIT_MS + ANSWER_MS),
  )
}
