import type http from 'node:http'

/** Milliseconds a socket may lie idle: under the 5 s after which many a server closes it. */
const FRESH_MS = 4000

/**
 * Have `agent` note when a socket becomes idle, and get what destroys those that are so for too long.
 *
 * The process may have been frozen since: no timer ran and no close was seen, so only the wall clock tells.
 * The agent takes idle sockets from the end of its list and looks for destroyed ones at the start only, hence
 * everything up to the last stale one goes.
 */
export const reuseWhileFresh = (agent: http.Agent): (() => void) => {
  const idleSince = new WeakMap<object, number>()
  const keep = agent.keepSocketAlive.bind(agent)
  agent.keepSocketAlive = (socket) => {
    idleSince.set(socket, Date.now())
    return keep(socket)
  }

  return () => {
    const now = Date.now()
    for (const sockets of Object.values(agent.freeSockets)) {
      const lastStale = sockets?.findLastIndex((socket) => {
        const idle = now - (idleSince.get(socket) ?? 0)
        return idle < 0 || idle > FRESH_MS
      })
      for (const socket of sockets?.slice(0, (lastStale ?? -1) + 1) ?? []) socket.destroy()
    }
  }
}
