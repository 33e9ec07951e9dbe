import { JobRecord, type JobStatus, type ListOptions } from '../jobs/record.ts'
import { itemsOf } from './query.ts'
import { fromShards } from './shards.ts'
import type { Table } from './table.ts'

export const JOB = 'JOB'
export const statusKey = (status: JobStatus) => `${JOB}#${status}`

/**
 * Jobs by time of creation: index `gsi2` has the jobs of a status, `gsi3` all of them.
 *
 * @param beyond where the page before ended, as `orderOf` says.
 */
export const listJobRecords = (
  table: Table,
  { status, project, limit, oldestFirst }: ListOptions,
  beyond: string | undefined,
): Promise<JobRecord[]> => {
  const asked = { beyond, project, limit, oldestFirst }
  return status === undefined
    ? fromShards(table, JobRecord, JOB, asked)
    : itemsOf(table, JobRecord, { ...asked, index: 'gsi2', group: statusKey(status) })
}
