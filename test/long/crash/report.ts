import { writeFileSync } from 'node:fs'
import type { CrashJob } from './job.ts'
import { cellOf, type Seen, theMiddle } from './table.ts'

const head = `# Crash table

Written by \`npm run test:long\` (\`test/long/crash-table.test.ts\`): what becomes of a job when it is cut off with \`kill -9\`.

- **system**: the process of \`npm start\` is killed, which is gateway, queue, table, durable executions, simulator and agent in
  one, and started again on the same folder. **agent**: only the agent is killed, and started again a moment later.
- The moments are the job's checkpoints. *Before*: what the step does is done, and nobody has noted it. *After*: it is
  noted, and nothing else has begun. For \`start\` that is the execution of the workflow, begun from the queue.
- *The middle* is between 20 and 80 % of the bytes.
- **the same**: the job succeeded; its record, the volumes and snapshots on the cluster and every byte on them are those of
  the run that nobody disturbed. After each run nothing was attached, the agent's staging folder was empty, no process
  of its was left, the workflow had run once, and in the end the queues were empty.
`

const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`

const tableOf = ({ name, what }: CrashJob, system: Seen | undefined, agent: Seen | undefined): string => {
  const cell = (seen: Seen | undefined, key: string) => seen?.cells.get(key) ?? ''
  const rows = (system?.moments ?? []).map((at) => [
    at,
    cell(system, cellOf(at, 'before')),
    cell(system, cellOf(at, 'after')),
    cell(agent, cellOf(at, 'after')),
  ])
  const middle = [cell(system, theMiddle), cell(agent, theMiddle)] as const
  if (middle[0] !== '') rows.push([theMiddle, middle[0], middle[0], middle[1]])
  const columns = ['killed at', 'system, before', 'system, after', 'agent']
  const lines = [row(...columns), row(...columns.map(() => '---')), ...rows.map((cells) => row(...cells))]
  return `\n## ${name}\n\n${what[0]?.toUpperCase()}${what.slice(1)}.\n\n${lines.join('\n')}\n`
}

/** Write the page: the same text as long as the same is seen. */
export const report = (
  jobs: readonly CrashJob[],
  system: ReadonlyMap<string, Seen>,
  agent: ReadonlyMap<string, Seen>,
): void => {
  const tables = jobs.map((job) => tableOf(job, system.get(job.name), agent.get(job.name)))
  writeFileSync(new URL('../../../docs/crash-table.md', import.meta.url), `${head}${tables.join('')}`)
}
