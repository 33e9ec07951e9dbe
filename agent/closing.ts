import { Refusal } from './refusal.ts'

/** Why a task stops without an end of its own: the agent is closing, and the next one will be asked for it again. */
export const closing = new Refusal('io_error', 'The agent is stopping')

/** Whether what a task has made so far is needed no more: it was cut off otherwise than by the end of the agent. */
export const isForGood = (signal: AbortSignal): boolean => signal.reason !== closing
