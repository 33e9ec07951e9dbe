import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb'
import { HostRecord, type HostRecords } from '../hosts/record.ts'
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

  async all() {
    const records: HostRecord[] = []
    let start: Record<string, unknown> | undefined
    do {
      const { Items = [], LastEvaluatedKey } = await table.client.send(
        new QueryCommand({
          TableName: table.name,
          IndexName: 'gsi3',
          KeyConditionExpression: 'gsi3pk = :pk',
          ExpressionAttributeValues: { ':pk': group },
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      )
      records.push(...Items.map((item) => HostRecord.parse(item)))
      start = LastEvaluatedKey
    } while (start !== undefined)
    return records
  },
})
