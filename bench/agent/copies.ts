import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryOfChildren } from '../memory.ts'
import { median, rounded, timed } from '../statistics.ts'
import { type BenchHost, clientId } from './host.ts'
import { convertPlainly, type Disk, makeImage, plainWays } from './images.ts'

export interface Copied {
  readonly virtualMb: number
  readonly dataMb: number
  /** Seconds from the request to the task's end: inspection, copy and flush. */
  readonly agentSeconds: number
  /** Seconds of `qemu-img convert` for all of it, by the way it is called. */
  readonly plainSeconds: Readonly<Record<string, number>>
  /** Throughput as a share of that of the best plain way, by the medians. */
  readonly ofPlain: number
  /** What the volume takes on the disk when it was copied. */
  readonly allocatedMb: number
  /** The most memory that one of the agent's children had, MB. */
  readonly childHighestMb: number
}

const soon = () => Date.now() + 25_000

/** Copy through the agent and wait for the end. */
const copyByAgent = async (host: BenchHost, image: string, globalId: string, sizeBytes: number) => {
  const client = host.newClient()
  const attachment = { id: globalId, generation: 1 }
  const volume = { globalId, sizeBytes }
  await client.adopt({ clientId, volume: { globalId }, attachment }, soon())
  const sample: number[] = []
  await timed(sample, async () => {
    const work = {
      requestId: globalId,
      clientId,
      volume,
      attachment,
      source: { kind: 'folder', name: image },
      format: 'qcow2',
      targetState: 'new',
    } as const
    let task = await client.copyImage(work, soon())
    while (task.state === 'queued' || task.state === 'running')
      task = await client.task({ id: globalId, waitSeconds: 20 }, soon())
    if (task.state !== 'succeeded') throw new Error(`the agent did not copy: ${JSON.stringify(task)}`)
  })
  client.close()
  return sample[0] ?? Number.NaN
}

/** Watch a process's children until told to stop. */
const watchChildren = (pid: number) => {
  let highest = 0
  const done = new AbortController()
  const watching = (async () => {
    while (!done.signal.aborted) {
      highest = Math.max(highest, ...(await memoryOfChildren(pid)))
      await sleep(20)
    }
    return highest
  })()
  return () => {
    done.abort()
    return watching
  }
}

/**
 * Copy an image onto new volumes, by the agent and by qemu-img alone, in turns.
 *
 * @param name of the image, and the first part of the volumes' global ids
 * @param rounds each way so often
 */
export const measureCopy = async (
  host: BenchHost,
  name: string,
  disk: Disk,
  rounds: number,
): Promise<Copied> => {
  const image = host.at('images', name)
  await makeImage(image, disk)
  const ways = ['agent', ...Object.keys(plainWays)]
  const taken = Object.fromEntries(ways.map((way) => [way, [] as number[]]))
  const stopWatching = watchChildren(host.pid)
  let allocated = 0
  for (let round = 0; round < rounds; round++) {
    // Each begins a round as often as the others.
    for (const [at] of ways.entries()) {
      const way = ways[(at + round) % ways.length] ?? ''
      const globalId = `${name}.${way.toLowerCase()}.${round}`
      const file = await host.attach(globalId, disk.virtualBytes)
      if (way === 'agent') {
        taken.agent?.push(await copyByAgent(host, name, globalId, disk.virtualBytes))
        allocated = (await stat(file)).blocks * 512
      } else await timed(taken[way] ?? [], () => convertPlainly(way, image, file))
      await host.detach(globalId)
    }
  }
  const { agent = [], ...plain } = taken
  const best = Math.min(...Object.values(plain).map(median))
  const seconds = (sample: readonly number[]) => rounded(median(sample) / 1000)
  return {
    virtualMb: Math.round(disk.virtualBytes / 1e6),
    dataMb: Math.round(disk.dataBytes / 1e6),
    agentSeconds: seconds(agent),
    plainSeconds: Object.fromEntries(Object.entries(plain).map(([way, sample]) => [way, seconds(sample)])),
    ofPlain: rounded(best / median(agent)),
    allocatedMb: Math.round(allocated / 1e6),
    childHighestMb: await stopWatching(),
  }
}
