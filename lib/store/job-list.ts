import { QueryCommand } from '@aws-sdk/lib-dynamodb'
import { JobRecord, type JobStatus, type ListOptions } from '../jobs/record.ts'
import type { Table } from './table.ts'

export const statusKey = (status: JobStatus) => `JOB#${status}`

/** All jobs lie in so many parts of an index, so that no one part takes every write. */
const SHARDS = 8
export const shardKey = (id: string) => partKey(Number.parseInt(id.slice(0, 2), 16) % SHARDS)
const partKey = (part: number) => `JOB#${part}`

/** Where a record stands in its index. */
export const orderOf = ({ createdAt, id }: Pick<JobRecord, 'createdAt' | 'id'>) => `${createdAt}#${id}`

type Part = Pick<ListOptions, 'project' | 'limit' | 'oldestFirst'> & {
  readonly index: 'gsi2' | 'gsi3'
  readonly group: string
  readonly beyond: string | undefined
}

/** Items read at a time where some are left out. */
const CHUNK = 500

const partOf = async (table: Table, { index, group, beyond, project, limit, oldestFirst }: Part) => {
  const found: JobRecord[] = []
  const values = { ':pk': group, ':beyond': beyond, ':project': project }
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
        ...(project !== undefined && {
          FilterExpression: '#project = :project',
          ExpressionAttributeNames: { '#project': 'project' },
        }),
        ExpressionAttributeValues: Object.fromEntries(
          Object.entries(values).filter(([, value]) => value !== undefined),
        ),
        ScanIndexForward: oldestFirst ?? false,
        Limit: project === undefined ? limit - found.length : CHUNK,
        ...(start && { ExclusiveStartKey: start }),
      }),
    )
    found.push(...Items.map((item) => JobRecord.parse(item)))
    start = LastEvaluatedKey
  } while (start !== undefined && found.length < limit)
  return found.slice(0, limit)
}

/**
 * Jobs by time of creation: index `gsi2` has the jobs of a status, `gsi3` all of them.
 *
 * @param beyond where the page before ended, as {@link orderOf} says.
 */
export const listJobRecords = async (
  table: Table,
  { status, project, limit, oldestFirst = false }: ListOptions,
  beyond: string | undefined,
): Promise<JobRecord[]> => {
  const asked = { beyond, project, limit, oldestFirst }
  if (status !== undefined) return partOf(table, { ...asked, index: 'gsi2', group: statusKey(status) })
  const parts = Array.from({ length: SHARDS }, (_, part) =>
    partOf(table, { ...asked, index: 'gsi3', group: partKey(part) }),
  )
  const sign = oldestFirst ? 1 : -1
  return (await Promise.all(parts))
    .flat()
    .sort((one, other) => (orderOf(one) < orderOf(other) ? -sign : sign))
    .slice(0, limit)
}
