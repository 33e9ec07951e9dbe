import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { aimsOfJobs, aimsOfStorage } from './aims.ts'
import { buildBundles } from './bundles.ts'
import { root } from './child.ts'
import { jobRows } from './jobs/figures.ts'
import { measureJobs } from './jobs/measure.ts'
import { reportJobs } from './jobs/report.ts'
import { jobSamples } from './jobs/samples.ts'
import { readable } from './readable.ts'
import { reportAims } from './report.ts'
import { storageRows } from './storage/figures.ts'
import { measureStorage } from './storage/measure.ts'
import { reportStorage } from './storage/report.ts'
import { storageSamples } from './storage/samples.ts'

// One part alone, put among the other results: `node build/run.mjs bench/alone.ts jobs|storage [--quick] [--out FILE]`.
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'bench/results.json') },
  },
})
const { quick } = options

const parts = {
  jobs: async (folder: string) => {
    const samples = jobSamples(quick)
    await buildBundles(join(folder, 'bundles'))
    const measured = await measureJobs(join(folder, 'jobs'), join(folder, 'bundles/agent.cjs'), samples)
    reportJobs(measured)
    return { samples, measured, aims: aimsOfJobs(measured), rows: jobRows(measured) }
  },
  storage: async (folder: string) => {
    const samples = storageSamples(quick)
    const measured = await measureStorage(join(folder, 'storage'), samples)
    reportStorage(measured)
    return { samples, measured, aims: aimsOfStorage(measured), rows: storageRows(measured) }
  },
}
const name = z.enum(['jobs', 'storage']).parse(positionals[0])

const Results = z.looseObject({ samples: z.looseObject({}), aims: z.looseObject({}) })

const folder = await mkdtemp(join(tmpdir(), 'cinderless-bench-'))
try {
  const { samples, measured, aims, rows } = await parts[name](folder)
  const others = Results.parse(JSON.parse(await readFile(options.out, 'utf8')))
  const results = {
    ...others,
    samples: { ...others.samples, [name]: samples },
    aims: { ...others.aims, ...aims },
    [name]: measured,
  }
  await writeFile(options.out, `${readable(results)}\n`)
  reportAims(aims)
  console.log(`\nFor the README:\n\n${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
