import type * as z from 'zod'
import { DriverError } from '../errors.ts'
import type { AnyRecord, PageOptions, Records } from '../volumes/block-storage.ts'
import { atVersion, isNew, isWritten } from './condition.ts'
import { itemsOf } from './query.ts'
import { fromShards, orderOf, pagesOfShards, shardKey } from './shards.ts'
import { putItem, readItem, removeItem, type Table } from './table.ts'

/** Records that one call sorts or filters. */
const MOST = 20_000

const keyOf = (kind: string, id: string) => ({ pk: `${kind}#${id}` })

/** A record as its item in the table, with its places in the indexes. */
export const itemOf = <T extends AnyRecord>(kind: string, record: T) => ({
  ...keyOf(kind, record.id),
  ...record,
  gsi1pk: `${kind}#${record.project}`,
  gsi1sk: orderOf(record),
  ...(record.name && { gsi2pk: `${kind}#${record.project}#${record.name}`, gsi2sk: record.id }),
  gsi3pk: shardKey(kind, record.id),
  gsi3sk: orderOf(record),
})

/**
 * Records of one kind: an item each, its key `KIND#id`. Index `gsi1` has those of a project and `gsi3` all of them, both
 * by time of creation; `gsi2` has those of a name.
 */
export const recordsOf = <T extends AnyRecord>(
  table: Table,
  kind: string,
  Schema: z.ZodType<T>,
): Records<T> => {
  const key = (id: string) => keyOf(kind, id)
  const item = (record: T) => itemOf(kind, record)

  const page = ({ project, limit, after, oldestFirst }: PageOptions): Promise<T[]> => {
    const asked = { limit, oldestFirst, beyond: after && orderOf(after) }
    return project === undefined
      ? fromShards(table, Schema, kind, asked)
      : itemsOf(table, Schema, { ...asked, index: 'gsi1', group: `${kind}#${project}` })
  }

  return {
    async get(id) {
      const found = await readItem(table, key(id))
      return found && Schema.parse(found)
    },

    create: (record) => isWritten(putItem(table, item(record), isNew)),

    async replace(record) {
      const next = { ...record, version: record.version + 1 }
      return (await isWritten(putItem(table, item(next), atVersion(record.version)))) ? next : undefined
    },

    remove: ({ id, version }) => isWritten(removeItem(table, key(id), atVersion(version))),

    page,

    async all(project) {
      const found = await page({ project, limit: MOST + 1 })
      if (found.length <= MOST) return found
      throw new DriverError('InvalidInput', `more than ${MOST} would have to be read for this`, {
        remedy: 'Leave out filters and sort keys, or page with limit and marker.',
      })
    },

    pages: () => pagesOfShards(table, Schema, kind),

    named: (project, name) =>
      itemsOf(table, Schema, { index: 'gsi2', group: `${kind}#${project}#${name}`, limit: MOST }),
  }
}
