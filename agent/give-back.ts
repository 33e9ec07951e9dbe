/** Between two looks; whoever waits for a task asks more often than that. */
const everyMs = 30_000
/** The start is over. */
const firstMs = 1_000
/** Having grown by less, it is left alone. */
const growthBytes = 2e6

/**
 * Give memory back when the agent has started, and whenever it has grown and is idle: by itself V8 keeps what only the
 * start needed, and every page a task made it take. Node must run with `--expose-gc`; without it nothing is done.
 */
export const giveBackWhenIdle = (isBusy: () => boolean): void => {
  const { gc } = globalThis
  if (gc === undefined) return
  let settled = 0
  const look = () => {
    if (isBusy() || process.memoryUsage.rss() < settled + growthBytes) return
    // An ordinary collection gives hardly a page back; this kind forgets compiled functions that are not in use, too.
    gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    settled = process.memoryUsage.rss()
  }
  setTimeout(look, firstMs).unref()
  setInterval(look, everyMs).unref()
}
