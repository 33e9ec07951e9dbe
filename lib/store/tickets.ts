import * as z from 'zod'
import type { Tickets } from '../jobs/turns.ts'
import { ifHolds, isNew } from './condition.ts'
import { type Plain, readItem, type Table, updateItem } from './table.ts'

/** Jobs one line may have: an item has 400 KB at most, and each write costs by the whole of it. */
const LONGEST = 1000

const Line = z.object({ line: z.record(z.string(), z.int()) })

const key = (host: string) => ({ pk: `TICKETS#${host}` })

/**
 * One item per host: `line`, each job with its number, and the number the next one gets. Every change is one write
 * that needs no reading first, so that a thousand jobs at once do not have to wait for each other.
 */
export const ticketsIn = (table: Table): Tickets => {
  const orderOf = (item: unknown): string[] =>
    Object.entries(Line.parse(item).line)
      .sort(([, one], [, other]) => one - other)
      .map(([job]) => job)

  const line = async (host: string): Promise<string[] | undefined> => {
    const found = await readItem(table, key(host))
    return found && orderOf(found)
  }

  const change = async (host: string, job: string, update: string, condition: string, values?: Plain) => {
    const changed = await ifHolds(
      updateItem(table, key(host), {
        ...{ update, condition, values, returns: 'ALL_NEW' },
        names: { '#line': 'line', '#job': job, ...(values && { '#next': 'next' }) },
      }),
    )
    return changed && orderOf(changed)
  }

  const begin = (host: string) =>
    ifHolds(
      updateItem(table, key(host), {
        ...isNew,
        update: 'SET #line = :nobody, #next = :first',
        names: { '#line': 'line', '#next': 'next' },
        values: { ':nobody': {}, ':first': 1 },
      }),
    )

  const join: Tickets['join'] = async (host, job) => {
    const joined = await change(
      host,
      job,
      'SET #line.#job = #next, #next = #next + :one',
      'attribute_not_exists(#line.#job) AND size(#line) < :longest',
      { ':one': 1, ':longest': LONGEST },
    )
    if (joined !== undefined) return joined
    const there = await line(host)
    if (there !== undefined) return there.includes(job) ? there : undefined
    await begin(host)
    return join(host, job)
  }

  return {
    join,
    async leave(host, job) {
      const left = await change(host, job, 'REMOVE #line.#job', 'attribute_exists(#line.#job)')
      return left === undefined ? { line: (await line(host)) ?? [], was: false } : { line: left, was: true }
    },
    line: async (host) => (await line(host)) ?? [],
  }
}
