import type { Hosts } from '../driver/backend.ts'
import type { JobRecords } from './record.ts'

/** The lines of jobs in front of hosts. Every place is given once, in the order of asking. */
export interface Tickets {
  /**
   * Go to the end of the line, unless the job is in it.
   *
   * @returns the line's jobs, first to last; undefined when the line is as long as it may be.
   */
  join(host: string, job: string): Promise<readonly string[] | undefined>
  /** @returns the line without the job, and whether it was in it. */
  leave(host: string, job: string): Promise<{ readonly line: readonly string[]; readonly was: boolean }>
  line(host: string): Promise<readonly string[]>
}

/** How many jobs a host has at work at once, where its entry does not say: as many as its agent takes by itself. */
const TASKS = 4

/** The turns of jobs on hosts: the first few of a host's line have theirs. */
export interface Turns {
  /** Stand in line. Asked again, it is the same place. @returns as {@link Turns.ahead}; undefined: the line is full. */
  take(host: string, job: string): Promise<number | undefined>
  /** How many jobs have to end before it is this one's turn; 0 while it has it. Undefined: it is not in the line. */
  ahead(host: string, job: string): Promise<number | undefined>
  /** Leave the line, wherever in it. The job whose turn comes by that is told. */
  giveBack(host: string, job: string): Promise<void>
}

interface Parts {
  readonly tickets: Tickets
  readonly hosts: Hosts
  readonly jobs: Pick<JobRecords, 'get'>
  /** End a workflow's wait. */
  readonly wake: (callbackId: string) => Promise<void>
}

export const turnsOf = ({ tickets, hosts, jobs, wake }: Parts): Turns => {
  const tasksOn = async (host: string): Promise<number> => (await hosts.get(host))?.tasks ?? TASKS

  const place = async (host: string, job: string, line: readonly string[]): Promise<number | undefined> => {
    const at = line.indexOf(job)
    return at < 0 ? undefined : Math.max(0, at + 1 - (await tasksOn(host)))
  }

  /** What cannot be told, the job finds out at its next look. */
  const tell = async (job: string): Promise<void> => {
    const record = await jobs.get(job)
    if (!record?.waiting || record.callbackId === undefined) return
    await wake(record.callbackId).catch(() => 'it will look by itself')
  }

  return {
    async take(host, job) {
      const line = await tickets.join(host, job)
      return line && place(host, job, line)
    },
    ahead: async (host, job) => place(host, job, await tickets.line(host)),
    async giveBack(host, job) {
      const { line, was } = await tickets.leave(host, job)
      const tasks = await tasksOn(host)
      // Where an earlier try took it out of the line, that one may have told nobody.
      const next = line.slice(was ? tasks - 1 : 0, tasks)
      await Promise.all(next.map(tell))
    },
  }
}
