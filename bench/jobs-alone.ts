import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { aimsOfJobs } from './aims.ts'
import { buildBundles } from './bundles.ts'
import { root } from './child.ts'
import { jobRows } from './jobs/figures.ts'
import { measureJobs } from './jobs/measure.ts'
import { reportJobs } from './jobs/report.ts'
import { jobSamples } from './jobs/samples.ts'
import { readable } from './readable.ts'
import { reportAims } from './report.ts'

// The long jobs alone, put among the other results: `node build/run.mjs bench/jobs-alone.ts [--quick] [--out FILE]`.
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'bench/results.json') },
  },
})

const Results = z.looseObject({ samples: z.looseObject({}), aims: z.looseObject({}) })

const folder = await mkdtemp(join(tmpdir(), 'cinderless-bench-'))
try {
  const samples = jobSamples(options.quick)
  await buildBundles(join(folder, 'bundles'))
  const jobs = await measureJobs(join(folder, 'jobs'), join(folder, 'bundles/agent.cjs'), samples)
  const aims = aimsOfJobs(jobs)
  const others = Results.parse(JSON.parse(await readFile(options.out, 'utf8')))
  const results = {
    ...others,
    samples: { ...others.samples, jobs: samples },
    aims: { ...others.aims, ...aims },
    jobs,
  }
  await writeFile(options.out, `${readable(results)}\n`)
  reportJobs(jobs)
  reportAims(aims)
  const rows = jobRows(jobs).map((cells) => `| ${cells.join(' | ')} |`)
  console.log(`\nFor the README, below its other rows:\n\n${rows.join('\n')}`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
