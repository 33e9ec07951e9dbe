import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { JobRecord, type JobRecords, type JobStatus } from '../jobs/record.ts'
import { ifHolds, type Table } from './table.ts'

const key = (id: string) => ({ pk: `JOB#${id}` })
const statusKey = (status: JobStatus) => `JOB#${status}`

/** One item per job. Index `gsi3` orders the jobs of a status by their time of creation. */
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

  const page = async (status: JobStatus, limit: number, before: string | undefined) => {
    const found: JobRecord[] = []
    let start: Record<string, unknown> | undefined
    do {
      const { Items, LastEvaluatedKey } = await table.client.send(
        new QueryCommand({
          TableName: table.name,
          IndexName: 'gsi3',
          KeyConditionExpression: before === undefined ? 'gsi3pk = :pk' : 'gsi3pk = :pk AND gsi3sk < :before',
          ExpressionAttributeValues: {
            ':pk': statusKey(status),
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
            Item: { ...key(record.id), ...record, gsi3pk: statusKey(record.status), gsi3sk: order(record) },
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
        change.status === undefined ? change : { ...change, gsi3pk: statusKey(change.status) },
        when,
      ),

    async begin(id, step, at) {
      const running = { status: 'running', gsi3pk: statusKey('running'), step }
      const begun =
        (await update(id, { ...running, attempts: 1, startedAt: at }, ['queued'])) ??
        (await update(id, { step, attempts: 1 }, ['running'], { sameStep: false, step }))
      return begun ?? update(id, {}, ['running'], { sameStep: true, step })
    },

    async list({ statuses, limit, marker }) {
      const after = marker === undefined ? undefined : await get(marker)
      const before = after === undefined ? undefined : order(after)
      const pages = await Promise.all(statuses.map((status) => page(status, limit, before)))
      return pages
        .flat()
        .sort((one, other) => (order(one) < order(other) ? 1 : -1))
        .slice(0, limit)
    },
  }
}
