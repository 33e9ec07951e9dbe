import type * as z from 'zod'
import { type Index, queryIndex, type Raw, type Table } from './table.ts'

export interface Group {
  readonly index: Index
  /** The key that all of them have in the index. */
  readonly group: string
  /** Where the page before ended in the index; beyond it means older, or with `oldestFirst` newer. */
  readonly beyond?: string | undefined
  readonly oldestFirst?: boolean | undefined
  /** Absent: all of them. */
  readonly limit?: number
  /** Only those whose project is this. */
  readonly project?: string | undefined
}

/** Items read at a time where some are left out. */
const CHUNK = 500

/** What lies in one group of an index, in its order: read page after page until there is no more, or enough. */
export async function itemsOf<T>(
  table: Table,
  Schema: z.ZodType<T>,
  { index, group, beyond, oldestFirst = false, limit, project }: Group,
): Promise<T[]> {
  const found: T[] = []
  const keys = `${index}pk = :pk${beyond === undefined ? '' : ` AND ${index}sk ${oldestFirst ? '>' : '<'} :beyond`}`
  const values = { ':pk': group, ':beyond': beyond, ':project': project }
  const filter = project !== undefined && { filter: '#project = :project', names: { '#project': 'project' } }
  const isEnough = () => limit !== undefined && found.length >= limit
  let start: Raw | undefined
  do {
    const { items, next } = await queryIndex(table, {
      ...{ index, keys, values, oldestFirst, start, ...filter },
      ...(limit !== undefined && { limit: project === undefined ? limit - found.length : CHUNK }),
    })
    found.push(...items.map((item) => Schema.parse(item)))
    start = next
  } while (start !== undefined && !isEnough())
  return found.slice(0, limit)
}
