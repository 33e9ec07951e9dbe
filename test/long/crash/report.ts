import { writeFileSync } from 'node:fs'
import type { CrashJob } from './job.ts'
import type { Ways } from './kept.ts'
import { theMiddle } from './round.ts'
import type { Seen } from './table.ts'

const head = `# Crash table

What becomes of a job when it is cut off with \`kill -9\`. Written by \`test/long/crash-table.test.ts\` in runs of all cells
(\`LONG_CRASH=all npm run test:long\`). Without that, \`npm run test:long\` runs all cells of the jobs that no agent works on, and
of each other job a few, drawn by a seed that it prints; it leaves this page as it is.

- **system**: the process of \`npm start\` is killed, which is gateway, queue, table, durable executions, simulator and agent in
  one, and started again on the same folder. Jobs marked * have more around them than that process holds: Glance, a bucket, a
  cluster of another location. Of these, the clusters live on, and the process and that of the agent are killed together.
  **agent**: only the agent is killed, and started again a moment later.
- The moments are the job's checkpoints. *Before*: what the step does is done, and nobody has noted it. *After*: it is
  noted, and nothing else has begun. For \`start\` that is the execution of the workflow, begun from the queue.
- *The middle* is between 20 and 80 % of the bytes.
- **the same**: the job succeeded; its record, the volumes and snapshots on the clusters, the images, the objects and every byte
  of them are those of the run that nobody disturbed. After each run nothing was attached, the agent's staging folder was empty, no process
  of its was left, the workflow had run once, and in the end the queues were empty.
`

const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`
const notRun = 'not run'

/** The rows of a job, each with what was seen when the system was killed before, after, and when the agent was. */
const rowsOf = ({ name, moves }: CrashJob, { system, agent }: Ways): string[][] => {
  const [inSystem, inAgent] = [system.get(name), agent.get(name)]
  const cell = (seen: Seen | undefined, key: string) => seen?.cells.get(key) ?? notRun
  const moments = (inSystem ?? inAgent)?.moments ?? []
  const rows = moments.map((at) => [
    at,
    cell(inSystem, `${at}/before`),
    cell(inSystem, `${at}/after`),
    cell(inAgent, `${at}/after`),
  ])
  const amid = [cell(inSystem, theMiddle), cell(inAgent, theMiddle)] as const
  return moves ? [...rows, [theMiddle, amid[0], '', amid[1]]] : rows
}

const tableOf = (job: CrashJob, seen: Ways): string => {
  const columns = ['killed at', 'system, before', 'system, after', 'agent']
  const lines = [columns, columns.map(() => '---'), ...rowsOf(job, seen)].map((cells) => row(...cells))
  const what = `${job.what[0]?.toUpperCase()}${job.what.slice(1)}`
  return `\n## ${job.name}${job.outside ? ' *' : ''}\n\n${what}.\n\n${lines.join('\n')}\n`
}

/** Write the page: the same text as long as the same is seen. */
export const report = (jobs: readonly CrashJob[], seen: Ways): void => {
  const cells = jobs
    .flatMap((job) => rowsOf(job, seen))
    .flatMap(([, ...three]) => three.filter((cell) => cell !== ''))
  const missing = cells.filter((cell) => cell === notRun).length
  const said =
    missing === 0
      ? `\nAll ${cells.length} cells were run.\n`
      : `\nOf ${cells.length} cells ${cells.length - missing} were run; what was not says so.\n`
  const tables = jobs.map((job) => tableOf(job, seen))
  const page = new URL('../../../docs/crash-table.md', import.meta.url)
  writeFileSync(page, `${head}${said}${tables.join('')}`)
}
