import * as z from 'zod'
import type { History, Sample } from './sample.ts'

export const GetStats = z.strictObject({ backend: z.string().min(1).max(64).default('default') })

/** Milliseconds that the history goes back. */
const HOUR_MS = 3_600_000

/**
 * The newest statistics of a backend, and the last hour's, oldest first. A new system has none yet: `newest` is null.
 */
export async function getStats(
  history: History,
  { backend }: z.infer<typeof GetStats>,
  now: string,
): Promise<{ backend: string; newest: Sample | null; lastHour: Sample[] }> {
  const since = new Date(Date.parse(now) - HOUR_MS).toISOString()
  const [newest, lastHour] = await Promise.all([history.newest(backend), history.since(backend, since)])
  return { backend, newest: newest ?? null, lastHour }
}
