import type { Context } from './context.ts'
import { msUntil } from './deadline.ts'
import { Refusal } from './refusal.ts'
import type { TaskRecord } from './state.ts'
import { usesOf } from './uses.ts'

/** Why a task that was cut off may not go on, whoever asks again. */
export const barredBy = ({ state }: Context, { request, stopping }: TaskRecord): Refusal | undefined => {
  if (stopping !== undefined) {
    const { code, message } = stopping
    return new Refusal(
      code === 'cancelled' || code === 'deadline_passed' ? code : 'stale_generation',
      message,
    )
  }
  if (msUntil(request.deadline) <= 0) {
    return new Refusal(
      'deadline_passed',
      `The task's deadline, ${request.deadline}, passed while no agent ran`,
    )
  }
  const isCurrent = usesOf(request).every(({ volume, attachment }) => {
    const known = state.volumes.get(volume.globalId)
    return known?.generation === attachment.generation && !known.released
  })
  if (isCurrent) return undefined
  return new Refusal('stale_generation', 'The volume was attached anew, or released, since')
}
