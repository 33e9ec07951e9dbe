import type { Context } from './context.ts'
import { asRefusal } from './refusal.ts'
import type { State } from './state.ts'

/** A call may be as late as the longest workflow: after so long none from before the agent's memory began is left. */
const latestCallMs = 14 * 24 * 3600 * 1000

/**
 * Put down when this agent's memory begins, where it has none: a first start, or a journal that was lost. Both look
 * the same, so both are cautious.
 */
export const beginMemory = async ({ state, record, log }: Context): Promise<void> => {
  if (state.begun !== undefined || state.volumes.size > 0 || state.tasks.size > 0) return
  await record({ t: 'begun', at: new Date().toISOString() }).catch((error: unknown) =>
    log.error('journal', { message: asRefusal(error).message }),
  )
}

/** Whether there may still be callers who know of a generation that this agent has forgotten. */
export const isRecovering = ({ begun }: State): boolean =>
  begun !== undefined && Date.now() - Date.parse(begun) < latestCallMs
