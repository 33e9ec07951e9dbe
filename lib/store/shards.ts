import type * as z from 'zod'
import { type Group, itemsOf } from './query.ts'
import type { Table } from './table.ts'

/** All of a kind lie in so many parts of index `gsi3`, so that no one part takes every write. */
const SHARDS = 8
/** Records read at a time where one and all are gone through. */
const PAGE = 1_000

interface Dated {
  readonly id: string
  readonly createdAt: string
}

/** Where a record stands in its indexes: by time of creation. */
export const orderOf = ({ createdAt, id }: Dated) => `${createdAt}#${id}`

/** The part that a record lies in. */
export const shardKey = (kind: string, id: string) =>
  `${kind}#${Number.parseInt(id.slice(0, 2), 16) % SHARDS || 0}`

/** Records of a kind out of all parts, by time of creation, newest first unless said. */
export async function fromShards<T extends Dated>(
  table: Table,
  Schema: z.ZodType<T>,
  kind: string,
  options: Omit<Group, 'index' | 'group'>,
): Promise<T[]> {
  const parts = Array.from({ length: SHARDS }, (_, part) =>
    itemsOf(table, Schema, { ...options, index: 'gsi3', group: `${kind}#${part}` }),
  )
  const sign = options.oldestFirst ? 1 : -1
  return (await Promise.all(parts))
    .flat()
    .sort((one, other) => (orderOf(one) < orderOf(other) ? -sign : sign))
    .slice(0, options.limit)
}

/** All records of a kind, a page at a time, part after part, newest first in each. */
export async function* pagesOfShards<T extends Dated>(
  table: Table,
  Schema: z.ZodType<T>,
  kind: string,
): AsyncGenerator<readonly T[]> {
  for (let part = 0; part < SHARDS; part++) {
    let page: readonly T[] = []
    do {
      const last = page.at(-1)
      page = await itemsOf(table, Schema, {
        index: 'gsi3',
        group: `${kind}#${part}`,
        limit: PAGE,
        beyond: last && orderOf(last),
      })
      yield page
    } while (page.length === PAGE)
  }
}
