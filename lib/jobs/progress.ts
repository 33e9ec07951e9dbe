import type { AgentClient } from '../agent/client.ts'
import type { JobRecord } from './record.ts'
import type { Turns } from './turns.ts'

/** The agent on the host of that name, where there is one. */
export type AgentNamed = (host: string) => Promise<AgentClient | undefined>

/** Where to look for how far a job is at this moment. */
export interface Present {
  readonly agentNamed: AgentNamed
  readonly turns: Pick<Turns, 'ahead'>
}

/** Milliseconds the agent may take to say how far it is. */
const ANSWER_MS = 1_500

/**
 * A running job's record with what the agent, or the line it stands in, says right now laid over it, so that progress
 * is never older than the question. Where nobody answers, the last note stands.
 */
export async function withProgress(
  record: JobRecord,
  present: Present,
  deadline: number,
): Promise<JobRecord> {
  if (record.status !== 'running') return record
  try {
    if (record.waiting) return await inLine(record, record.waiting.host, present)
    if (record.task !== undefined) return await atWork(record, record.task, present, deadline)
  } catch {
    return record
  }
  return record
}

async function inLine(record: JobRecord, host: string, { turns }: Present): Promise<JobRecord> {
  const ahead = await turns.ahead(host, record.id)
  return ahead === undefined ? record : { ...record, waiting: { host, ahead } }
}

async function atWork(
  record: JobRecord,
  { host, id }: { readonly host: string; readonly id: string },
  { agentNamed }: Present,
  deadline: number,
): Promise<JobRecord> {
  const agent = await agentNamed(host)
  if (agent === undefined) return record
  const { doneBytes, totalBytes, bytesPerSecond } = await agent.task(
    { id },
    Math.min(deadline, Date.now() + ANSWER_MS),
  )
  return { ...record, doneBytes, totalBytes, bytesPerSecond }
}
