/** Longest wait `setTimeout` can count, in milliseconds. */
const longest = 2 ** 31 - 1

/** How long after work that failed it is tried again, in milliseconds. */
const againMs = 1000

/**
 * Do the work there is, when there is some and when time has made some.
 *
 * @param work does it, and says in how many milliseconds there is more; undefined when nothing is known to come.
 * @param failed told when it throws; it is tried again after a second.
 */
export const workClock = (work: () => number | undefined, failed: (error: unknown) => void) => {
  let timer: NodeJS.Timeout | undefined
  let asked = false
  let paused = true

  const workNow = (): number | undefined => {
    try {
      return work()
    } catch (error) {
      failed(error)
      return againMs
    }
  }
  const turn = (): void => {
    if (paused) return
    clearTimeout(timer)
    const ms = workNow()
    if (ms !== undefined) timer = setTimeout(turn, Math.min(Math.max(ms, 1), longest))
  }
  const soon = (): void => {
    if (asked || paused) return
    asked = true
    setImmediate(() => {
      asked = false
      turn()
    })
  }
  return {
    /** There may be work: look after what runs now has run. */
    soon,
    begin: (): void => {
      paused = false
      soon()
    },
    pause: (): void => {
      paused = true
      clearTimeout(timer)
    },
  }
}
