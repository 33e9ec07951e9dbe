import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Seen } from './table.ts'

export type Ways = Record<'system' | 'agent', Map<string, Seen>>

type Stored = Record<string, Record<string, { moments: string[]; cells: Record<string, string> }>>

const mapOf = (stored: Stored[string] = {}) =>
  new Map(
    Object.entries(stored).map(([job, { moments, cells }]): [string, Seen] => [
      job,
      { moments, cells: new Map(Object.entries(cells)) },
    ]),
  )

/** What was seen in an earlier run, and a way to keep what is seen in this one. Without a file, nothing. */
export const keptIn = (file: string | undefined): { seen: Ways; keep: () => void } => {
  const stored: Stored = file !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  const seen = { system: mapOf(stored.system), agent: mapOf(stored.agent) }
  const plain = (way: Map<string, Seen>) =>
    Object.fromEntries(
      [...way].map(([job, { moments, cells }]) => [job, { moments, cells: Object.fromEntries(cells) }]),
    )
  return {
    seen,
    keep: () => {
      if (file === undefined) return
      writeFileSync(file, JSON.stringify({ system: plain(seen.system), agent: plain(seen.agent) }))
    },
  }
}
