/** A timer cannot be set for longer. */
export const longestTimerMs = 2 ** 31 - 1

/**
 * Milliseconds until a deadline. Asked once, when a request comes or a task is gone on with: from then on timers
 * count, and they do not follow a clock that is set anew.
 */
export const msUntil = (deadline: string | undefined): number =>
  deadline === undefined ? Number.POSITIVE_INFINITY : Date.parse(deadline) - Date.now()
