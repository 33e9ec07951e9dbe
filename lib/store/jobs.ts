import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { JobRecord, type JobRecords, type JobStatus } from '../jobs/record.ts'
import { ifHolds, type Table } from './table.ts'

const key = (id: string) => ({ pk: `JOB#${id}` })
const statusKey = (status: JobStatus) => `JOB#${status}`

/** All jobs lie in so many parts of an index, so that no one part takes every write. */
const SHARDS = 8
const shardKey = (shard: number) => `JOB#${shard}`
const shardOf = (id: string) => Number.parseInt(id.slice(0, 2), 16) % SHARDS

/** One item per job. Indexes order by time of creation: `gsi2` the jobs of a status, `gsi3` all of them. */
export const jobRecords = (table: Table, now: () => string): JobRecords => {
  const get: JobRecords['get'] = async (id) => {
    const { Item } = await table.client.send(
      new GetCommand({ TableName: table.name, Key: key(id), ConsistentRead: true }),
    )
    return Item === undefined ? undefined : JobRecord.parse(Item)
  }

  /** One conditional write: `set` fields, on the condition that the status is among `when` and `also` holds. */
  const update = async (
    id: string,
    set: Record<string, unknown>,
    when: readonly JobStatus[],
    also?: { sameStep: boolean; step: string },
  ) => {
    const fields = Object.entries({ ...set, updatedAt: now() }).filter(([, value]) => value !== undefined)
    const changed = await ifHolds(
      table.client.send(
        new UpdateCommand({
          TableName: table.name,
          Key: key(id),
          UpdateExpression: `SET ${fields.map((_, n) => `#f${n} = :f${n}`).join(', ')}${also?.sameStep ? ' ADD attempts :one' : ''}`,
          ConditionExpression: [
            `#status IN (${when.map((_, n) => `:s${n}`).join(', ')})`,
            ...(also === undefined
              ? []
              : [also.sameStep ? '#step = :step' : '(attribute_not_exists(#step) OR #step <> :step)']),
          ].join(' AND '),
          ExpressionAttributeNames: {
            '#status': 'status',
            ...(also === undefined ? {} : { '#step': 'step' }),
            ...Object.fromEntries(fields.map(([name], n) => [`#f${n}`, name])),
          },
          ExpressionAttributeValues: {
            ...(also === undefined ? {} : { ':step': also.step }),
            ...(also?.sameStep ? { ':one': 1 } : {}),
            ...Object.fromEntries(fields.map(([, value], n) => [`:f${n}`, value])),
            ...Object.fromEntries(when.map((status, n) => [`:s${n}`, status])),
          },
          ReturnValues: 'ALL_NEW',
        }),
      ),
    )
    return changed === undefined ? undefined : JobRecord.parse(changed.Attributes)
  }

  const page = async (index: 'gsi2' | 'gsi3', group: string, limit: number, before: string | undefined) => {
    const found: JobRecord[] = []
    let start: Record<string, unknown> | undefined
    do {
      const { Items, LastEvaluatedKey } = await table.client.send(
        new QueryCommand({
          TableName: table.name,
          IndexName: index,
          KeyConditionExpression:
            before === undefined ? `${index}pk = :pk` : `${index}pk = :pk AND ${index}sk < :before`,
          ExpressionAttributeValues: {
            ':pk': group,
            ...(before === undefined ? {} : { ':before': before }),
          },
          ScanIndexForward: false,
          Limit: limit - found.length,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      )
      found.push(...(Items ?? []).map((item) => JobRecord.parse(item)))
      start = LastEvaluatedKey
    } while (start !== undefined && found.length < limit)
    return found
  }

  const order = ({ createdAt, id }: JobRecord) => `${createdAt}#${id}`

  return {
    get,

    async create(record) {
      const put = await ifHolds(
        table.client.send(
          new PutCommand({
            TableName: table.name,
            Item: {
              ...key(record.id),
              ...record,
              gsi2pk: statusKey(record.status),
              gsi2sk: order(record),
              gsi3pk: shardKey(shardOf(record.id)),
              gsi3sk: order(record),
            },
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        ),
      )
      if (put !== undefined) return record
      return (await get(record.id)) ?? record
    },

    change: (id, change, when) =>
      update(
        id,
        change.status === undefined ? change : { ...change, gsi2pk: statusKey(change.status) },
        when,
      ),

    async begin(id, step, at) {
      const running = { status: 'running', gsi2pk: statusKey('running'), step }
      const begun =
        (await update(id, { ...running, attempts: 1, startedAt: at }, ['queued'])) ??
        (await update(id, { step, attempts: 1 }, ['running'], { sameStep: false, step }))
      return begun ?? update(id, {}, ['running'], { sameStep: true, step })
    },

    async list({ status, limit, marker }) {
      const after = marker === undefined ? undefined : await get(marker)
      const before = after === undefined ? undefined : order(after)
      if (status !== undefined) return page('gsi2', statusKey(status), limit, before)
      const shards = Array.from({ length: SHARDS }, (_, shard) =>
        page('gsi3', shardKey(shard), limit, before),
      )
      return (await Promise.all(shards))
        .flat()
        .sort((one, other) => (order(one) < order(other) ? 1 : -1))
        .slice(0, limit)
    },
  }
}
