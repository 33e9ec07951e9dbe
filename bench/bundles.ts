import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { packagedFunctions } from '../build/functions.ts'
import { root } from './child.ts'
import { inLanes } from './lanes.ts'
import { median, rounded } from './statistics.ts'
import { bundleUntrimmed } from './untrimmed.ts'

const run = promisify(execFile)

/** What it takes a new process to load a bundle: milliseconds of processor time, and by the clock. */
const load = `
  const cpu = process.cpuUsage()
  const began = performance.now()
  require(process.argv[1])
  const { user, system } = process.cpuUsage(cpu)
  console.log((user + system) / 1000, performance.now() - began)`

export interface Bundle {
  readonly awsClient: boolean
  /** Minified. */
  readonly kB: number
  readonly zipKB: number
  /** What a new process takes to load it. */
  readonly coldCpuMs: number
  readonly coldMs: number
  /** The same function with nothing left out of its bundle, in the same run. */
  readonly untrimmed: { readonly kB: number; readonly coldCpuMs: number }
  readonly timesUntrimmedCpu: number
}

const kBOf = async (path: string) => Math.round((await stat(path)).size / 100) / 10

/** As they are deployed. @param folder for the bundles */
export const buildBundles = (folder: string): Promise<unknown> =>
  run(process.execPath, [join(root, 'build/run.mjs'), 'build/bundle.ts', '--out', folder])

/**
 * Sizes of all bundles, and what loading each costs, beside bundles of which nothing is left out.
 *
 * @param folder for the bundles, empty
 * @param times how many processes load each one; all bundles in each round
 * @param atOnce how many processes at a time: with more than one they disturb each other
 */
export const measureBundles = async (
  folder: string,
  times: number,
  atOnce: number,
): Promise<Readonly<Record<string, Bundle>>> => {
  const whole = join(folder, 'untrimmed')
  const withClient = await bundleUntrimmed(whole)
  await buildBundles(folder)
  const functions = (await packagedFunctions(root)).map(({ name, module, artifact }) => ({
    name,
    awsClient: withClient.has(module),
    zip: join(folder, relative('dist', artifact)),
    trimmed: { file: join(folder, `${module}.cjs`), cpu: [] as number[], ms: [] as number[] },
    untrimmed: { file: join(whole, `${module}.cjs`), cpu: [] as number[], ms: [] as number[] },
  }))
  const files = functions.flatMap(({ trimmed, untrimmed }) => [trimmed, untrimmed])
  for (let n = 0; n < times; n++) {
    await inLanes(atOnce, files, async ({ file, cpu, ms }) => {
      const { stdout } = await run(process.execPath, ['-e', load, file])
      const [cpuMs, clockMs] = stdout.split(' ').map(Number)
      cpu.push(cpuMs ?? Number.NaN)
      ms.push(clockMs ?? Number.NaN)
    })
  }
  const bundles: Record<string, Bundle> = {}
  for (const { name, awsClient, zip, trimmed, untrimmed } of functions) {
    const [coldCpuMs, wholeMs] = [median(trimmed.cpu), median(untrimmed.cpu)]
    bundles[name] = {
      awsClient,
      kB: await kBOf(trimmed.file),
      zipKB: await kBOf(zip),
      coldCpuMs,
      coldMs: median(trimmed.ms),
      untrimmed: { kB: await kBOf(untrimmed.file), coldCpuMs: wholeMs },
      timesUntrimmedCpu: rounded(coldCpuMs / wholeMs),
    }
  }
  return bundles
}
