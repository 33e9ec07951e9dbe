import type { RequestOf, TaskResult } from '../lib/agent/tasks.ts'
import { ifThere } from './repository.ts'
import { openRestic } from './restic.ts'
import { whenUnlocked } from './restic-locks.ts'
import type { Run } from './run.ts'
import { isUnfinished, type Snapshot, snapshotsOf } from './snapshots.ts'

/** Nobody is at an unfinished one that is so old. */
const abandonedMs = 24 * 3_600_000

/**
 * Forget a backup and free what no other one needs, with the repository locked for everybody else. One that is gone is
 * deleted; what it needed is looked for all the same, as an earlier try may have been cut off in between.
 */
export const deleteBackup = async (run: Run<RequestOf<'delete-backup'>>): Promise<TaskResult> => {
  const { snapshotId } = run.request
  await run.update({ phase: 'wait' })
  await using restic = await openRestic(run)
  const isGoing = (one: Snapshot) => one.id.startsWith(snapshotId) || isAbandoned(one)
  let all = await ifThere(snapshotsOf(restic))
  if (all === undefined) return { partlyWritten: false }
  await run.update({ phase: 'prune' })
  await whenUnlocked(restic, async () => {
    // Looked for anew in another try: `forget` prunes nothing where it finds nothing to forget.
    const going = (all ?? (await snapshotsOf(restic))).filter(isGoing).map(({ id }) => id)
    all = undefined
    await restic.run(going.length > 0 ? ['forget', '--prune', ...going] : ['prune'])
  })
  return { partlyWritten: false, snapshotId }
}

const isAbandoned = (snapshot: Snapshot) =>
  isUnfinished(snapshot) && Date.now() - Date.parse(snapshot.time) > abandonedMs
