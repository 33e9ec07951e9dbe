import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { packagedFunctions } from '../build/functions.ts'
import { root } from './child.ts'
import { median } from './statistics.ts'

const run = promisify(execFile)

/** What it takes a new process to load a bundle: milliseconds of processor time, and by the clock. */
const load = `
  const cpu = process.cpuUsage()
  const began = performance.now()
  require(process.argv[1])
  const { user, system } = process.cpuUsage(cpu)
  console.log((user + system) / 1000, performance.now() - began)`

/**
 * Sizes of all bundles, and what loading each costs.
 *
 * @param folder for the bundles, empty
 * @param times how many processes load each one; one after the other, all functions in each round
 */
export const measureBundles = async (folder: string, times: number) => {
  await run(process.execPath, [join(root, 'build/run.mjs'), 'build/bundle.ts', '--out', folder])
  const functions = (await packagedFunctions(root)).map((fn) => ({
    ...fn,
    file: join(folder, `${fn.module}.cjs`),
    cpu: [] as number[],
    wall: [] as number[],
  }))
  for (let n = 0; n < times; n++) {
    for (const { file, cpu, wall } of functions) {
      const { stdout } = await run(process.execPath, ['-e', load, file])
      const [cpuMs, wallMs] = stdout.split(' ').map(Number)
      cpu.push(cpuMs ?? Number.NaN)
      wall.push(wallMs ?? Number.NaN)
    }
  }
  const bundles: Record<string, { kB: number; zipKB: number; coldCpuMs: number; coldMs: number }> = {}
  for (const { name, artifact, file, cpu, wall } of functions) {
    const kB = async (path: string) => Math.round((await stat(path)).size / 100) / 10
    bundles[name] = {
      kB: await kB(file),
      zipKB: await kB(join(folder, relative('dist', artifact))),
      coldCpuMs: median(cpu),
      coldMs: median(wall),
    }
  }
  return { times, bundles }
}
