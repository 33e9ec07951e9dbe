import type { Present } from '../jobs/progress.ts'
import { agentNamed } from './agents.ts'
import { turns } from './turns.ts'

/** Where running jobs are at this moment: agents on hosts, and the lines in front of them. */
export const present = (): Present => ({
  agentNamed,
  turns: { ahead: (host, job) => turns().ahead(host, job) },
})
