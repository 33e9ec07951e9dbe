import type { AgentClient } from '../agent/client.ts'
import type { JobRecord } from './record.ts'

/** The agent on the host of that name, where there is one. */
export type AgentNamed = (host: string) => Promise<AgentClient | undefined>

/** Milliseconds the agent may take to say how far it is. */
const ANSWER_MS = 1_500

/**
 * A running job's record with what the agent says right now laid over it, so that progress is never older than the
 * question. Where the agent does not answer, the last note stands.
 */
export async function withProgress(
  record: JobRecord,
  agentNamed: AgentNamed,
  deadline: number,
): Promise<JobRecord> {
  if (record.status !== 'running' || record.task === undefined) return record
  const agent = await agentNamed(record.task.host)
  if (agent === undefined) return record
  try {
    const { doneBytes, totalBytes, bytesPerSecond } = await agent.task(
      { id: record.task.id },
      Math.min(deadline, Date.now() + ANSWER_MS),
    )
    return { ...record, doneBytes, totalBytes, bytesPerSecond }
  } catch {
    return record
  }
}
