import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { version } from '../lib/version.ts'
import { measureBundles } from './bundles.ts'
import { root } from './child.ts'
import { cycle } from './cycle.ts'
import { measureOperations } from './operations.ts'
import { printTable } from './print.ts'
import { measureStart } from './start.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'bench/results.json') },
  },
})
const { quick } = options
const began = Date.now()
const folder = await mkdtemp(join(tmpdir(), 'cinderless-bench-'))

const machine = {
  cores: cpus().length,
  processor: cpus()[0]?.model ?? 'unknown',
  memoryMb: Math.round(totalmem() / 1e6),
  system: `${process.platform} ${release()} ${process.arch}`,
  node: process.versions.node,
  /** Before anything was measured: above the number of cores, others were at work too. */
  load: loadavg().map((load) => Math.round(load * 100) / 100),
}

try {
  const start = await measureStart(join(folder, 'start'), quick ? 3 : 9)
  const { lives, bare, operations } = await measureOperations(join(folder, 'operations'), quick ? 60 : 500)
  const { times: processes, bundles } = await measureBundles(join(folder, 'bundles'), quick ? 3 : 15)
  const stems = (await readdir(join(root, 'functions/driver'))).map((file) => file.replace(/\.ts$/, ''))
  const notMeasured = stems.filter((stem) => !cycle.some(({ name }) => name === stem))

  const results = {
    date: new Date(began).toISOString(),
    version,
    quick,
    machine,
    samples: { starts: start.times, lives, processes },
    readyMs: start.readyMs,
    memoryMb: start.memoryMb,
    bare,
    operations,
    notMeasured,
    bundles,
  }
  await writeFile(options.out, `${JSON.stringify(results, null, 2)}\n`)

  printTable('Ready, and memory', [
    { '': 'node local/main.ts, ms', value: start.readyMs.node },
    { '': 'npm start, ms', value: start.readyMs.npmStart },
    { '': 'memory when ready, MB', value: start.memoryMb.ready },
    { '': 'after a walk, MB', value: start.memoryMb.afterWalk },
    { '': 'highest, MB', value: start.memoryMb.highest },
  ])
  printTable(
    'One call that is kept alive, ms',
    Object.entries(bare).map(([way, { read, write }]) => ({
      '': way === 'http' ? 'node:http' : way,
      'read p50': read.p50,
      'read p95': read.p95,
      'write p50': write.p50,
      'write p95': write.p95,
    })),
  )
  printTable(
    'Operations, ms, and how often as long as the same calls bare (node:http, axios)',
    Object.entries(operations).map(
      ([
        name,
        {
          storpoolCalls: { read, write },
          driver,
          handler,
        },
      ]) => ({
        operation: name,
        calls: `${read}r ${write}w`,
        'driver p50': driver.p50,
        p95: driver.p95,
        '×http': driver.timesBare.http ?? '-',
        '×axios': driver.timesBare.axios ?? '-',
        'handler p50': handler.p50,
        'p95 ': handler.p95,
        '×http ': handler.timesBare.http ?? '-',
        '×axios ': handler.timesBare.axios ?? '-',
      }),
    ),
  )
  if (notMeasured.length > 0) console.log(`not measured: ${notMeasured.join(', ')}`)
  printTable(
    'Bundles, and what a new process takes to load one',
    Object.entries(bundles).map(([name, { kB, zipKB, coldCpuMs, coldMs }]) => ({
      function: name,
      'KB minified': kB,
      'KB zip': zipKB,
      'CPU ms': coldCpuMs,
      ms: coldMs,
    })),
  )
  console.log(`\n${options.out} written after ${Math.round((Date.now() - began) / 1000)} s`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
