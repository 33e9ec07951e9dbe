import { StorPoolApiError, StorPoolUnreachable, StorPoolUnreadable } from './errors.ts'

/** One line for a log: a call, how it ended, on which try and after how many milliseconds in all. */
export type CallLog = Readonly<{
  call: string
  ms: number
  attempt: number
  outcome: 'ok' | 'refused' | 'unreachable' | 'unreadable' | 'failed'
  /** StorPool's name of the refusal, or why there was no answer. */
  reason?: string
}>

/** How a call ended that threw `error`. */
export const outcomeOf = (error: unknown): Pick<CallLog, 'outcome' | 'reason'> => {
  if (error instanceof StorPoolApiError) return { outcome: 'refused', reason: error.errorName }
  if (error instanceof StorPoolUnreachable) return { outcome: 'unreachable', reason: error.reason }
  if (error instanceof StorPoolUnreadable) return { outcome: 'unreadable' }
  return { outcome: 'failed' }
}
