import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb'
import type * as z from 'zod'
import { DriverError } from '../errors.ts'
import type { AnyRecord, PageOptions, Records } from '../volumes/block-storage.ts'
import { ifHolds, type Table } from './table.ts'

/** All records of a kind lie in so many parts of an index, so that no one part takes every write. */
const SHARDS = 8
/** Records that one call sorts or filters. */
const MOST = 20_000
/** Records that are read at once of those that are gone through one and all. */
const PAGE = 1_000

const orderOf = ({ createdAt, id }: Pick<AnyRecord, 'createdAt' | 'id'>) => `${createdAt}#${id}`
const shardOf = (id: string) => Number.parseInt(id.slice(0, 2), 16) % SHARDS || 0

interface Part {
  readonly index: 'gsi1' | 'gsi2' | 'gsi3'
  readonly group: string
  readonly limit: number
  readonly beyond?: string | undefined
  readonly oldestFirst?: boolean | undefined
}

const keyOf = (kind: string, id: string) => ({ pk: `${kind}#${id}` })

/** A record as its item in the table, with its places in the indexes. */
export const itemOf = <T extends AnyRecord>(kind: string, record: T) => ({
  ...keyOf(kind, record.id),
  ...record,
  gsi1pk: `${kind}#${record.project}`,
  gsi1sk: orderOf(record),
  ...(record.name && { gsi2pk: `${kind}#${record.project}#${record.name}`, gsi2sk: record.id }),
  gsi3pk: `${kind}#${shardOf(record.id)}`,
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
  const atVersion = (version: number) => ({
    ConditionExpression: '#version = :version',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: { ':version': version },
  })

  const part = async ({ index, group, limit, beyond, oldestFirst = false }: Part): Promise<T[]> => {
    const found: T[] = []
    let start: Record<string, unknown> | undefined
    do {
      const { Items = [], LastEvaluatedKey } = await table.client.send(
        new QueryCommand({
          TableName: table.name,
          IndexName: index,
          KeyConditionExpression:
            beyond === undefined
              ? `${index}pk = :pk`
              : `${index}pk = :pk AND ${index}sk ${oldestFirst ? '>' : '<'} :beyond`,
          ExpressionAttributeValues: { ':pk': group, ...(beyond !== undefined && { ':beyond': beyond }) },
          ScanIndexForward: oldestFirst,
          Limit: limit - found.length,
          ...(start && { ExclusiveStartKey: start }),
        }),
      )
      found.push(...Items.map((one) => Schema.parse(one)))
      start = LastEvaluatedKey
    } while (start !== undefined && found.length < limit)
    return found
  }

  const page = async ({ project, limit, after, oldestFirst }: PageOptions): Promise<T[]> => {
    const asked = { limit, oldestFirst, beyond: after && orderOf(after) }
    if (project !== undefined) return part({ ...asked, index: 'gsi1', group: `${kind}#${project}` })
    const parts = Array.from({ length: SHARDS }, (_, shard) =>
      part({ ...asked, index: 'gsi3', group: `${kind}#${shard}` }),
    )
    const sign = oldestFirst ? 1 : -1
    return (await Promise.all(parts))
      .flat()
      .sort((one, other) => (orderOf(one) < orderOf(other) ? -sign : sign))
      .slice(0, limit)
  }

  return {
    async get(id) {
      const { Item } = await table.client.send(
        new GetCommand({ TableName: table.name, Key: key(id), ConsistentRead: true }),
      )
      return Item === undefined ? undefined : Schema.parse(Item)
    },

    async create(record) {
      const put = new PutCommand({
        TableName: table.name,
        Item: item(record),
        ConditionExpression: 'attribute_not_exists(pk)',
      })
      return (await ifHolds(table.client.send(put))) !== undefined
    },

    async replace(record) {
      const next = { ...record, version: record.version + 1 }
      const put = new PutCommand({ TableName: table.name, Item: item(next), ...atVersion(record.version) })
      return (await ifHolds(table.client.send(put))) === undefined ? undefined : next
    },

    async remove({ id, version }) {
      const gone = new DeleteCommand({ TableName: table.name, Key: key(id), ...atVersion(version) })
      return (await ifHolds(table.client.send(gone))) !== undefined
    },

    page,

    async all(project) {
      const found = await page({ project, limit: MOST + 1 })
      if (found.length <= MOST) return found
      throw new DriverError('InvalidInput', `more than ${MOST} would have to be read for this`, {
        remedy: 'Leave out filters and sort keys, or page with limit and marker.',
      })
    },

    async *pages() {
      for (let shard = 0; shard < SHARDS; shard++) {
        let beyond: string | undefined
        for (;;) {
          const some = await part({ index: 'gsi3', group: `${kind}#${shard}`, limit: PAGE, beyond })
          yield some
          const last = some.at(-1)
          if (last === undefined || some.length < PAGE) break
          beyond = orderOf(last)
        }
      }
    },

    named: (project, name) => part({ index: 'gsi2', group: `${kind}#${project}#${name}`, limit: MOST }),
  }
}
