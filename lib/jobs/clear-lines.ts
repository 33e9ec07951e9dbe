import type { Hosts } from '../driver/backend.ts'
import { isFinal, type JobRecords } from './record.ts'
import type { Tickets, Turns } from './turns.ts'

export interface Lines {
  readonly hosts: Hosts
  readonly tickets: Pick<Tickets, 'line'>
  readonly turns: Pick<Turns, 'giveBack'>
  readonly jobs: Pick<JobRecords, 'get'>
}

/** Places in one line looked at in a sweep: those whose turn it is stand first. */
const PLACES = 100

/**
 * Take jobs out of the lines that ended otherwise than at their workflow's end, so that nobody waits for them.
 *
 * @returns how many were taken out.
 */
export async function clearLines({ hosts, tickets, turns, jobs }: Lines): Promise<number> {
  let cleared = 0
  for (const { name } of await hosts.all()) {
    for (const job of (await tickets.line(name)).slice(0, PLACES)) {
      const record = await jobs.get(job)
      if (record !== undefined && !isFinal(record.status)) continue
      await turns.giveBack(name, job)
      cleared += 1
    }
  }
  return cleared
}
