import type { RequestOf, TaskResult } from '../lib/agent/tasks.ts'
import { ifThere } from './repository.ts'
import { openRestic } from './restic.ts'
import type { Run } from './run.ts'
import { backupOf, snapshotsOf } from './snapshots.ts'

/** So many fit into an answer and into the journal. */
const mostListed = 200

/** The backups of a repository, the newest first; of one that was not made yet there are none. */
export const listBackups = async (run: Run<RequestOf<'list-backups'>>): Promise<TaskResult> => {
  const { globalId, tags: words = {} } = run.request
  await using restic = await openRestic(run)
  const own = globalId === undefined ? [] : [`vol=${globalId}`]
  const tags = [...own, ...Object.entries(words).map(([name, value]) => `${name}=${value}`)]
  const found = (await ifThere(snapshotsOf(restic, tags.length === 0 ? {} : { tags }))) ?? []
  const backups = found.flatMap((one) => backupOf(one) ?? []).reverse()
  return { partlyWritten: false, backups: backups.slice(0, mostListed), total: backups.length }
}
