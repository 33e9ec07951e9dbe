import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { HostRecord, type HostRecords } from '../hosts/record.ts'
import { itemsOf } from './query.ts'
import { ifHolds, type Table } from './table.ts'

const key = (name: string) => ({ pk: `HOST#${name}` })

/** All of them lie together in an index: there are few, and they are written seldom. */
const group = 'HOST#all'

/** One item per host, written on the condition that it is at the version that was read. `gsi3` lists them by name. */
export const hostRecords = (table: Table): HostRecords => ({
  async read(name) {
    const { Item } = await table.client.send(
      new GetCommand({ TableName: table.name, Key: key(name), ConsistentRead: true }),
    )
    return Item === undefined ? undefined : HostRecord.parse(Item)
  },

  async write(record) {
    const { name, version } = record
    const condition =
      version === 0
        ? { ConditionExpression: 'attribute_not_exists(pk)' }
        : {
            ConditionExpression: '#version = :read',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':read': version },
          }
    const Item = { ...key(name), gsi3pk: group, gsi3sk: name, ...record, version: version + 1 }
    const put = new PutCommand({ TableName: table.name, Item, ...condition })
    return (await ifHolds(table.client.send(put))) !== undefined
  },

  all: () => itemsOf(table, HostRecord, { index: 'gsi3', group, oldestFirst: true }),
})
