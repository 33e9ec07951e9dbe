import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { node, root, start } from '../child.ts'
import { type Memory, memoryOf } from '../memory.ts'
import { type Calls, measureCalls } from './calls.ts'
import { type Copied, measureCopy } from './copies.ts'
import { startHost } from './host.ts'
import type { Disk } from './images.ts'

export interface AgentSamples {
  readonly calls: number
  readonly rounds: number
  /** Bytes of data in the images. */
  readonly dataBytes: number
}

export interface AgentFigures {
  /** MB. */
  readonly memory: {
    /** Started, and asked nothing yet. */
    readonly idle: Memory
    /** After all that is measured here; its `highest` is the most it had while it copied. */
    readonly worked: Memory
    /** An HTTPS server that does nothing, for comparison: Node's own share. */
    readonly emptyServer: Memory
    /** The most that one child of the agent's had. */
    readonly childHighest: number
  }
  readonly calls: Calls
  readonly copies: Readonly<Record<string, Copied>>
}

const GiB = 1024 ** 3
/** Until what only the start needed is given back. */
const settledMs = 3_000

const measureEmptyServer = async ({ ca, cert, key }: Readonly<Record<'ca' | 'cert' | 'key', string>>) => {
  await using server = await start(node(join(root, 'bench/agent/empty-server.cjs'), ca, cert, key))
  await sleep(settledMs)
  return await memoryOf(server.pid)
}

/**
 * What the agent takes and how fast it is, as the program an operator installs.
 *
 * @param folder for a host of its own, empty
 * @param bundle the agent in one file
 */
export const measureAgent = async (
  folder: string,
  bundle: string,
  { calls, rounds, dataBytes }: AgentSamples,
): Promise<AgentFigures> => {
  await using host = await startHost(folder, bundle)
  await sleep(settledMs)
  const idle = await memoryOf(host.pid)
  const emptyServer = await measureEmptyServer(host.files)
  const measured = await measureCalls(host, calls)
  const disks: Readonly<Record<string, Disk>> = {
    full: { virtualBytes: dataBytes, dataBytes, places: 1 },
    sparse: { virtualBytes: 1024 * GiB, dataBytes: dataBytes / 2, places: 64 },
  }
  const copies: Record<string, Copied> = {}
  for (const [name, disk] of Object.entries(disks)) copies[name] = await measureCopy(host, name, disk, rounds)
  const childHighest = Math.max(...Object.values(copies).map(({ childHighestMb }) => childHighestMb))
  return {
    memory: { idle, worked: await memoryOf(host.pid), emptyServer, childHighest },
    calls: measured,
    copies,
  }
}
