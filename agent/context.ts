import type { Logger } from '../lib/log.ts'
import type { AgentConfig } from './config.ts'
import type { Guard } from './guard.ts'
import type { Journal } from './journal.ts'
import type { JournalRecord, State } from './state.ts'
import type { Tools } from './tools.ts'

/** What every part of one agent shares. */
export interface Context {
  readonly config: AgentConfig
  readonly tools: Tools
  readonly guard: Guard
  /** Known to the agent's children. */
  readonly mark: string
  readonly state: State
  /** Put a record into the state at once; on the disk when it resolves. Rejects with `journal_unwritable`. */
  readonly record: (record: JournalRecord) => Promise<void>
  /** The same for a record that may be lost with the host. */
  readonly note: (record: JournalRecord) => void
  readonly journal: Journal<JournalRecord>
  readonly log: Logger
}
