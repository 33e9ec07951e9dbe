import { setTimeout as sleep } from 'node:timers/promises'
import type { Devices } from './devices.ts'
import type { Knobs } from './knobs.ts'
import type { Cluster, World } from './world.ts'

/** How many recent generations are remembered, for clients that lag behind. */
const remembered = 1000

/** The hosts' side: which clients are there, and how far each follows the configuration. */
export const openHosts = (world: World, devices: Devices, knobs: () => Knobs) => {
  const recent = new Map<string, { generation: number; at: number }[]>()
  const timers = new Set<NodeJS.Timeout>()

  /** Note the generation a cluster has come to. */
  const note = (cluster: string) => {
    const list = recent.get(cluster) ?? []
    if (list.length > remembered) list.splice(0, remembered / 2)
    list.push({ generation: world.generation(cluster), at: performance.now() })
    recent.set(cluster, list)
  }
  const lagging = (step: () => void) => {
    const lag = knobs().clientLagMs
    if (lag === 0) {
      step()
      return
    }
    const timer = setTimeout(() => {
      timers.delete(timer)
      try {
        step()
      } catch {
        // What it was about is gone meanwhile, or the next start sets it right.
      }
    }, lag)
    timer.unref()
    timers.add(timer)
  }
  const isAway = (client: number) => knobs().missingClients.includes(client)

  return {
    note,
    isAway,
    isOpen: (client: number, gid: string) => knobs().openDevices[String(client)]?.includes(gid) ?? false,
    /** The newest generation a client has seen. */
    generationOf: (cluster: Cluster): number => {
      const lag = knobs().clientLagMs
      const now = world.generation(cluster.id)
      if (lag === 0) return now
      const unseen = (recent.get(cluster.id) ?? []).find(({ at }) => at > performance.now() - lag)
      return unseen === undefined ? now : unseen.generation - 1
    },
    /** Let a client's device links follow, after its lag; a client that is away does not. */
    follow: (client: number, gid: string) => {
      lagging(() => {
        if (!isAway(client)) devices.follow(client, gid)
      })
    },
    /** Let hosts see a device's new size, after their lag. */
    resize: lagging,
    /** Wait until the clients have seen all changes so far. */
    caughtUp: async (signal: AbortSignal) => {
      const lag = knobs().clientLagMs
      if (lag > 0) await sleep(lag + 2, undefined, { signal })
    },
    /** Wait until none of the clients is away. @returns false when the time is over */
    present: async (clients: readonly number[], seconds: number | undefined, signal: AbortSignal) => {
      const until = performance.now() + (seconds ?? Number.POSITIVE_INFINITY) * 1000
      while (clients.some(isAway)) {
        if (performance.now() >= until) return false
        await sleep(20, undefined, { signal })
      }
      return true
    },
    /** After a knob was turned: let all clients that are there follow. */
    refresh: () => {
      for (const { client, gid } of devices.links()) if (!isAway(client)) devices.follow(client, gid)
      for (const { client, gid } of world.attachments.values())
        if (!isAway(client)) devices.follow(client, gid)
    },
    close: () => {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
export type Hosts = ReturnType<typeof openHosts>
