import { QueryCommand } from '@aws-sdk/lib-dynamodb'
import type * as z from 'zod'
import type { Table } from './table.ts'

export interface Group {
  readonly index: 'gsi1' | 'gsi2' | 'gsi3'
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
  const values = { ':pk': group, ':beyond': beyond, ':project': project }
  const isEnough = () => limit !== undefined && found.length >= limit
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
        ScanIndexForward: oldestFirst,
        ...(limit !== undefined && { Limit: project === undefined ? limit - found.length : CHUNK }),
        ...(start && { ExclusiveStartKey: start }),
      }),
    )
    found.push(...Items.map((item) => Schema.parse(item)))
    start = LastEvaluatedKey
  } while (start !== undefined && !isEnough())
  return found.slice(0, limit)
}
