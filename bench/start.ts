import { join } from 'node:path'
import { node, start } from './child.ts'
import { memoryOf } from './memory.ts'
import { median } from './statistics.ts'
import { walk } from './walk.ts'

/**
 * How long `npm start` takes to be ready, and what it holds.
 *
 * @param folder for state, empty
 * @param times how often it is started each way, on a new state folder each time
 */
export const measureStart = async (folder: string, times: number) => {
  const alone: number[] = []
  const throughNpm: number[] = []
  for (let n = 0; n < times; n++) {
    const system = ['--port', '0', '--state']
    await using one = await start(node('local/main.ts', ...system, join(folder, `node-${n}`)))
    alone.push(one.readyMs)
    await one[Symbol.asyncDispose]()
    await using other = await start(['npm', 'start', '--', ...system, join(folder, `npm-${n}`)])
    throughNpm.push(other.readyMs)
  }

  const state = join(folder, 'walk')
  await using system = await start(node('local/main.ts', '--port', '0', '--state', state))
  const ready = await memoryOf(system.pid)
  await walk(system.url, { folder: join(state, 'images'), name: 'hello.qcow2' })
  const walked = await memoryOf(system.pid)
  return {
    readyMs: { node: median(alone), npmStart: median(throughNpm) },
    memoryMb: {
      ready: Math.round(ready.now),
      afterWalk: Math.round(walked.now),
      highest: Math.round(walked.highest),
    },
  }
}
