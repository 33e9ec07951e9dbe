import type { AttachingBackend } from '../lib/driver/backend.ts'
import { createVolume } from '../lib/driver/create-volume.ts'
import { deleteVolume } from '../lib/driver/delete-volume.ts'
import { getPool } from '../lib/driver/get-pool.ts'
import { initializeConnection } from '../lib/driver/initialize-connection.ts'
import { terminateConnection } from '../lib/driver/terminate-connection.ts'
import { withHttp } from './bare.ts'
import { inLanes } from './lanes.ts'
import type { Stand } from './stand.ts'
import { median, rounded, timed } from './statistics.ts'
import { connector } from './step.ts'

/** So many calls at a time fill the cluster. */
const LANES = 16

const fill = async (stand: Stand, from: number, to: number): Promise<void> => {
  const send = withHttp(stand.endpoint)
  const missing = Array.from({ length: to - from }, (_, n) => from + n)
  await inLanes(LANES, missing, async (n) => {
    const desc = { name: `filling-${n}`, size: 1024 ** 3, replication: 3 }
    const status = await send('POST', '/ctrl/1.0/MultiCluster/VolumeCreate', desc)
    if (status !== 200) throw new Error(`${desc.name}: ${status}`)
  })
}

type Volume = { readonly id: string; readonly size: number }

/** In the order of a volume's life; what is not timed makes it ready for what follows. */
const acts: Readonly<Record<string, (backend: AttachingBackend, volume: Volume) => Promise<unknown>>> = {
  create: (backend, volume) => createVolume(backend, { volume }),
  read: (backend, volume) => getPool(backend, { volume }),
  attach: (backend, volume) => initializeConnection(backend, { volume, connector, exclusive: false }),
  detach: (backend, volume) => terminateConnection(backend, { volume, connector, force: false }),
  delete: (backend, volume) => deleteVolume(backend, { volume }),
}

export interface Growth {
  /** Milliseconds, by the number of volumes there. */
  readonly p50: Readonly<Record<string, number>>
  /** With the most volumes: how often as long as with the fewest. */
  readonly lastOverFirst: number
}

/**
 * Time a volume's life while the cluster fills up.
 *
 * @param sizes numbers of volumes, ascending
 * @param lives how often each act is timed at each size, after as many that do not count
 */
export const measureGrowth = async (
  stand: Stand,
  sizes: readonly number[],
  lives: number,
): Promise<Readonly<Record<string, Growth>>> => {
  const taken = Object.keys(acts).map((name) => ({ name, bySize: sizes.map((): number[] => []) }))
  for (const [at, size] of sizes.entries()) {
    await fill(stand, sizes[at - 1] ?? 0, size)
    for (let n = -lives; n < lives; n++) {
      const volume = { id: `growth-${size}-${n}`, size: 1 }
      for (const { name, bySize } of taken) {
        const backend = await stand.backend()
        await timed((n < 0 ? undefined : bySize[at]) ?? [], async () => acts[name]?.(backend, volume))
      }
    }
  }
  return Object.fromEntries(
    taken.map(({ name, bySize }) => {
      const medians = bySize.map(median)
      const p50 = Object.fromEntries(sizes.map((size, at) => [size, medians[at] ?? Number.NaN]))
      return [
        name,
        { p50, lastOverFirst: rounded((medians.at(-1) ?? Number.NaN) / (medians[0] ?? Number.NaN)) },
      ]
    }),
  )
}
