import type { RequestOf, TaskResult } from '../lib/agent/tasks.ts'
import { dump } from './dump.ts'
import { Refusal } from './refusal.ts'
import { openRestic, type Restic } from './restic.ts'
import { whenUnlocked } from './restic-locks.ts'
import { assertDigest } from './restore-backup.ts'
import type { Run } from './run.ts'
import { backupOf, snapshotOf } from './snapshots.ts'

type Checking = Run<RequestOf<'check-backup'>>

/** Look a repository through, or read one backup from its start to its end and compare its digest. */
export const checkBackup = async (run: Checking): Promise<TaskResult> => {
  await run.update({ phase: 'check' })
  await using restic = await openRestic(run)
  const { snapshotId, readDataPercent } = run.request
  if (snapshotId !== undefined) return await checkOne(run, restic, snapshotId)
  const data =
    readDataPercent === undefined
      ? []
      : readDataPercent === 100
        ? ['--read-data']
        : [`--read-data-subset=${readDataPercent}%`]
  await whenUnlocked(restic, () => restic.run(['check', ...data]))
  return { partlyWritten: false }
}

const checkOne = async (run: Checking, restic: Restic, snapshotId: string): Promise<TaskResult> => {
  const snapshot = await snapshotOf(restic, snapshotId)
  const backup = backupOf(snapshot)
  if (backup === undefined) {
    throw new Refusal('backup_not_found', `The snapshot ${snapshotId} is no whole backup of a volume`)
  }
  const { sizeBytes } = backup
  await run.update({ totalBytes: sizeBytes })
  const take = async (piece: Buffer, offset: number) => run.progress(offset + piece.length)
  const sha256 = await whenUnlocked(restic, () => dump(restic, { snapshot, bytes: sizeBytes, take }))
  assertDigest(sha256, backup.sha256, snapshot)
  return { partlyWritten: false, snapshotId: snapshot.id, sizeBytes, sha256 }
}
