import type { AttachmentRef } from '../lib/agent/protocol.ts'
import type { Context } from './context.ts'
import { msUntil } from './deadline.ts'
import { Refusal } from './refusal.ts'
import type { TaskRecord, VolumeRecord } from './state.ts'
import type { Tasks } from './tasks.ts'
import { generationOn } from './uses.ts'

/**
 * Whom the agent lets act on a volume. What is decided from the state is decided without a pause and put into the
 * state at once, so no two requests can decide on the same; what is done waits until the journal has it.
 */
export const admission = ({ config, state, record }: Context, tasks: Tasks) => ({
  /** Admit an attachment: its generation becomes the volume's, and tasks of a lower one are stopped. */
  admit: (
    globalId: string,
    attachment: AttachmentRef,
    { released = false, adopted = false }: { released?: boolean; adopted?: boolean } = {},
  ) => {
    const known = state.volumes.get(globalId)
    assertCurrent(known, attachment, released)
    const { id: attachmentId, generation } = attachment
    const next: VolumeRecord = {
      ...known,
      t: 'volume',
      globalId,
      generation,
      attachmentId,
      released,
      ...(adopted && { adopted }),
    }
    const isNews =
      known?.generation !== generation || known.released !== released || known.adopted !== next.adopted
    const written = isNews ? record(next) : Promise.resolve()
    const generationOf = ({ request }: TaskRecord) => generationOn(request, globalId) ?? generation
    const stale = [
      ...tasks.activeOn(globalId).filter((task) => generationOf(task) < generation),
      ...tasks.waitingOn(globalId).filter((task) => released || generationOf(task) < generation),
    ]
    const reason = new Refusal(
      'stale_generation',
      `The volume was ${released ? 'released' : 'attached anew'}, as generation ${generation}`,
      { generation },
    )
    const cleared =
      stale.length > 0
        ? tasks.stop(
            stale.map(({ id }) => id),
            reason,
          )
        : Promise.resolve()
    return { written, cleared }
  },

  /** @throws Refusal it is for another host, or too late */
  assertHost: ({ clientId, deadline }: { clientId: number; deadline?: string | undefined }) => {
    const { host, clientId: own } = config
    if (clientId !== own) {
      throw new Refusal('wrong_host', `This is ${host}, client ${own}, not client ${clientId}`, {
        host,
        clientId: own,
      })
    }
    if (msUntil(deadline) > 0) return
    throw new Refusal('deadline_passed', `The request's deadline, ${deadline}, has passed`)
  },

  /** @throws Refusal `volume_in_use` a task of this very generation is at work on the volume */
  assertNoTask: (globalId: string, generation: number) => {
    const other = tasks
      .activeOn(globalId)
      .find(({ request }) => generationOn(request, globalId) === generation)
    if (other === undefined) return
    const { id } = other
    throw new Refusal('volume_in_use', `Task ${id} uses the volume: cancel it or wait for its end`, {
      task: id,
    })
  },
})
export type Admission = ReturnType<typeof admission>

/**
 * A generation below the one seen is too late, and so is one that was released. The same generation belongs to
 * one attachment.
 */
export const assertCurrent = (
  known: VolumeRecord | undefined,
  { id, generation }: AttachmentRef,
  forRelease = false,
) => {
  if (known === undefined || generation > known.generation) return
  const details = { generation: known.generation }
  if (generation < known.generation || id !== known.attachmentId) {
    throw new Refusal(
      'stale_generation',
      `The volume was attached anew since generation ${generation}`,
      details,
    )
  }
  if (known.released && !forRelease) {
    throw new Refusal('stale_generation', `Generation ${generation} of the volume was released`, details)
  }
}
