import { setTimeout as sleep } from 'node:timers/promises'
import type { Backup } from '../lib/agent/backups.ts'
import type { RequestOf, TaskResult } from '../lib/agent/tasks.ts'
import { forget } from './forget.ts'
import { Refusal } from './refusal.ts'
import { inRepository, snapshotsOrNew } from './repository.ts'
import { openRestic, type Restic } from './restic.ts'
import { whenUnlocked } from './restic-locks.ts'
import type { Run } from './run.ts'
import { backupOf, isUnfinished, type Snapshot, snapshotsOf } from './snapshots.ts'
import { marks, type Summary, takeBackup } from './take-backup.ts'
import { readingAlone } from './use-device.ts'

type Backing = Run<RequestOf<'backup-volume'>>

/** A backup that all is read of waits for an exclusive lock rather than be made again: in ms, a whole workday. */
const tagWaitMs = 8 * 3_600_000
/** By so much is a look at what was made behind its making. */
const headStartMs = 100
/** What the undoing of a backup that was told to stop may take. */
const undoMs = 10_000

/**
 * Every byte of a device as a snapshot in a repository. The digest is put down last, as a tag: what has none is not whole,
 * and no backup. A job that has a whole one already gets that.
 */
export const backupVolume = async (run: Backing): Promise<TaskResult> => {
  const { request } = run
  const { sizeBytes } = request.volume
  // Of a first try nobody expects a backup to be there: restic is asked what there is afterwards, in one go.
  const isFirst = run.task().totalBytes === 0
  await run.update({ phase: 'wait', totalBytes: sizeBytes })
  await using restic = await openRestic(run)
  const mine = marks(request)
  const [whole] = isFirst ? [] : wholeOf(await snapshotsOrNew(restic, mine), sizeBytes)
  if (whole !== undefined) return resultOf(whole)

  const step = { ended: false }
  try {
    const { summary, sha256 } = await readingAlone(run, request.volume, async (held, device) => {
      await run.update({ phase: 'copy' })
      const reading = restic.within(held.signal)
      const all = () => whenUnlocked(reading, () => takeBackup(held, reading, device, step))
      return inRepository(reading, mine, all)
    })
    await run.update({ phase: 'flush' })
    assertWhole(summary, request.volume)
    const words = `sha256=${sha256},added=${summary.data_added}`
    const there = await putDown(restic, words, summary.snapshot_id, mine)
    const one = await onlyOne(restic, wholeOf(there, sizeBytes), sha256)
    // restic was done and then failed, or the agent was killed: what an earlier try has made goes.
    const isLeft = (other: Snapshot) => isUnfinished(other) && !other.id.startsWith(summary.snapshot_id)
    if (there.some(isLeft)) await undo(restic, mine)
    return resultOf(one)
  } catch (error) {
    if (step.ended) await undo(restic, mine)
    throw error
  }
}

const wholeOf = (snapshots: readonly Snapshot[], sizeBytes: number): Backup[] =>
  snapshots.flatMap((one) => backupOf(one) ?? []).filter((one) => one.sizeBytes === sizeBytes)

const patiently = (restic: Restic, args: readonly [string, ...string[]]) =>
  whenUnlocked(restic, () => restic.run(args), tagWaitMs)

/**
 * Tag a snapshot, and see what there is then. restic works for half a second on the password before it does anything, so
 * the second does that beside the first; where it has looked too early it looks again.
 *
 * @param id the beginning of one: restic 0.14 gives no more
 */
const putDown = async (
  restic: Restic,
  words: string,
  id: string,
  tags: readonly string[],
): Promise<Snapshot[]> => {
  const look = () => snapshotsOf(restic, { tags })
  const [tagged, seen] = await Promise.allSettled([
    patiently(restic, ['tag', '--no-lock', '--add', words, id]),
    sleep(headStartMs).then(look),
  ])
  if (tagged.status === 'rejected') throw tagged.reason
  const isThere = seen.status === 'fulfilled' && seen.value.some(({ original }) => original?.startsWith(id))
  return isThere ? seen.value : look()
}

const assertWhole = (
  { total_bytes_processed: bytes }: Summary,
  { globalId, sizeBytes }: RequestOf<'backup-volume'>['volume'],
): void => {
  if (bytes === sizeBytes) return
  throw new Refusal('io_error', `restic has taken ${bytes} bytes of ${globalId}, not ${sizeBytes}`)
}

/** Where another agent, or this one before it lost its memory, has made one for the same job, that stays and this one goes. */
const onlyOne = async (restic: Restic, made: readonly Backup[], sha256: string): Promise<Backup> => {
  const [first, ...others] = made
  if (first === undefined || made.every((one) => one.sha256 !== sha256)) {
    throw new Refusal('io_error', 'The backup is not in the repository')
  }
  if (others.length > 0) await patiently(restic, ['forget', ...others.map(({ snapshotId }) => snapshotId)])
  return first
}

/** Where restic was done already and the digest is not put down: as if it had never been, if that can be had at once. */
const undo = async (restic: Restic, tags: readonly string[]) => {
  const after = restic.within(AbortSignal.timeout(undoMs))
  try {
    const left = (await snapshotsOf(after, { tags })).filter(isUnfinished)
    if (left.length > 0) await forget(after, left)
  } catch {
    // It is no backup, and goes with the next one that is deleted.
  }
}

const resultOf = ({ snapshotId, sizeBytes, addedBytes, sha256 }: Backup): TaskResult => ({
  partlyWritten: false,
  snapshotId,
  sizeBytes,
  addedBytes,
  sha256,
})
