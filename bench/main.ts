import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { version } from '../lib/version.ts'
import { measureAgent } from './agent/measure.ts'
import { aimsOf, aimsOfStorage } from './aims.ts'
import { measureBundles } from './bundles.ts'
import { root } from './child.ts'
import { figures } from './figures.ts'
import { measureGrowth } from './growth.ts'
import { measureJobs } from './jobs/measure.ts'
import { jobSamples, loadNow } from './jobs/samples.ts'
import { measureOperations } from './operations.ts'
import { readable } from './readable.ts'
import { report } from './report.ts'
import { startStand } from './stand.ts'
import { measureStart } from './start.ts'
import { measureStorage } from './storage/measure.ts'
import { storageSamples } from './storage/samples.ts'
import { measureThroughput } from './throughput.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'bench/results.json') },
  },
})
const { quick } = options

/** How often, how long and how many. */
const MiB = 1024 ** 2
const samples = quick
  ? {
      starts: 1,
      lives: 12,
      seconds: 1,
      growthLives: 15,
      volumes: [100, 2000],
      processes: 1,
      atOnce: 2,
      agent: { calls: 50, rounds: 3, dataBytes: 256 * MiB },
      jobs: jobSamples(quick),
      storage: storageSamples(quick),
    }
  : {
      starts: 9,
      lives: 300,
      seconds: 8,
      growthLives: 200,
      volumes: [100, 1000, 10_000],
      processes: 15,
      atOnce: 1,
      agent: { calls: 1000, rounds: 5, dataBytes: 2048 * MiB },
      jobs: jobSamples(quick),
      storage: storageSamples(quick),
    }

const began = Date.now()
const folder = await mkdtemp(join(tmpdir(), 'cinderless-bench-'))

const machine = {
  cores: cpus().length,
  processor: cpus()[0]?.model ?? 'unknown',
  memoryMb: Math.round(totalmem() / 1e6),
  system: `${process.platform} ${release()} ${process.arch}`,
  node: process.versions.node,
  /** Before anything was measured: above the number of cores, others were at work too. */
  load: loadNow(),
}

const measureStand = async () => {
  await using stand = await startStand(join(folder, 'stand'))
  const { aws, operations } = await part('operations', () => measureOperations(stand, samples.lives))
  const growth = await part('growth', () => measureGrowth(stand, samples.volumes, samples.growthLives))
  return { aws, operations, growth }
}

const took: Record<string, number> = {}

/** Run a part, and note how many seconds it took. */
const part = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
  const from = performance.now()
  const result = await run()
  took[name] = Math.round((performance.now() - from) / 100) / 10
  return result
}

try {
  const { readyMs, memoryMb } = await part('start', () => measureStart(join(folder, 'start'), samples.starts))
  const { aws, operations, growth } = await measureStand()
  const throughput = await part('throughput', () =>
    measureThroughput(join(folder, 'throughput'), samples.seconds),
  )
  const bundles = await part('bundles', () =>
    measureBundles(join(folder, 'bundles'), samples.processes, samples.atOnce),
  )
  const agent = await part('agent', () =>
    measureAgent(join(folder, 'agent'), join(folder, 'bundles/agent.cjs'), samples.agent),
  )
  const jobs = await part('jobs', () =>
    measureJobs(join(folder, 'jobs'), join(folder, 'bundles/agent.cjs'), samples.jobs),
  )
  const storage = await part('storage', () => measureStorage(join(folder, 'storage'), samples.storage))
  const stems = (await readdir(join(root, 'functions/driver'))).map((file) => file.replace(/\.ts$/, ''))
  const notMeasured = stems.filter((stem) => operations[stem] === undefined)

  const results = {
    date: new Date(began).toISOString(),
    version,
    quick,
    machine,
    samples,
    tookSeconds: took,
    loadAfter: loadNow(),
    aims: { ...aimsOf(operations, bundles, growth, agent, jobs), ...aimsOfStorage(storage) },
    readyMs,
    memoryMb,
    aws,
    operations,
    notMeasured,
    growth,
    throughput,
    bundles,
    agent,
    jobs,
    storage,
  }
  await writeFile(options.out, `${readable(results)}\n`)
  report(results)
  console.log(`\nFor the README:\n\n${figures(results)}`)
  console.log(`\n${options.out} written after ${Math.round((Date.now() - began) / 1000)} s:`, took)
} finally {
  await rm(folder, { recursive: true, force: true })
}
