import * as z from 'zod'
import type { Backup } from '../lib/agent/backups.ts'
import type { RequestOf, TaskResult } from '../lib/agent/tasks.ts'
import type { Device } from './devices.ts'
import { forget } from './forget.ts'
import { pump } from './pump.ts'
import { Refusal } from './refusal.ts'
import { snapshotsOrNew } from './repository.ts'
import { openRestic, type Restic } from './restic.ts'
import { whenUnlocked } from './restic-locks.ts'
import type { Run } from './run.ts'
import { backupOf, isUnfinished, jsonOf, snapshotsOf } from './snapshots.ts'
import { readingAlone } from './use-device.ts'

type Backing = Run<RequestOf<'backup-volume'>>

/** restic's last line. @see restic 0.14.0, `backup --json` */
const Summary = z.looseObject({
  message_type: z.literal('summary'),
  total_bytes_processed: z.int(),
  data_added: z.int(),
  snapshot_id: z.string(),
})

/** A backup that all is read of waits for an exclusive lock rather than be made again: in ms, a whole workday. */
const tagWaitMs = 8 * 3_600_000
/** What the undoing of a backup that was told to stop may take. */
const undoMs = 10_000

/**
 * Every byte of a device as a snapshot in a repository. The digest is put down last, as a tag: what has none is not whole,
 * and no backup. A job that has a whole one already gets that.
 */
export const backupVolume = async (run: Backing): Promise<TaskResult> => {
  const { request } = run
  const { globalId, sizeBytes } = request.volume
  await run.update({ phase: 'wait', totalBytes: sizeBytes })
  await using restic = await openRestic(run)
  const mine = marks(request)
  const before = (await snapshotsOrNew(restic, mine)).flatMap((one) => backupOf(one) ?? [])
  const whole = before.find((one) => one.sizeBytes === sizeBytes)
  if (whole !== undefined) return resultOf(whole)

  const step = { sent: false }
  try {
    const { summary, sha256 } = await readingAlone(run, request.volume, async (held, device) => {
      await run.update({ phase: 'copy' })
      const reading = restic.within(held.signal)
      return whenUnlocked(reading, () => send(held, reading, device, step))
    })
    await run.update({ phase: 'flush' })
    if (summary.total_bytes_processed !== sizeBytes) {
      throw new Refusal(
        'io_error',
        `restic has taken ${summary.total_bytes_processed} bytes of ${globalId}, not ${sizeBytes}`,
      )
    }
    const last = ['--add', `sha256=${sha256},added=${summary.data_added}`]
    await whenUnlocked(
      restic,
      () => restic.run(['tag', '--no-lock', ...last, summary.snapshot_id]),
      tagWaitMs,
    )
    const [made] = (await snapshotsOf(restic, { tags: mine })).flatMap((one) => backupOf(one) ?? [])
    if (made?.sha256 !== sha256) throw new Refusal('io_error', 'The backup is not in the repository')
    return resultOf(made)
  } catch (error) {
    if (step.sent) await undo(restic, mine)
    throw error
  }
}

const marks = ({ requestId, volume, tags }: RequestOf<'backup-volume'>) => [
  `job=${tags?.job ?? requestId}`,
  `vol=${volume.globalId}`,
]

/** One try of restic's. Its standard input is ended when all was sent, and otherwise not before restic is gone. */
const send = async (
  run: Backing,
  restic: Restic,
  { handle }: Pick<Device, 'handle'>,
  step: { sent: boolean },
) => {
  const { request, context } = run
  const { globalId, sizeBytes } = request.volume
  const stop = new AbortController()
  const { stdin, stdout, ended } = restic
    .within(AbortSignal.any([restic.signal, stop.signal]))
    .start(backupArgs(request, context.config.host), { stdin: 'pipe' })
  let last = ''
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    last = (last + text).slice(-16_384)
  })
  if (stdin === null) throw new Error('A child without standard input')
  // What it did not take is seen in the write itself.
  stdin.on('error', () => {})
  const sent = pump({
    handle,
    bytes: sizeBytes,
    to: stdin,
    signal: restic.signal,
    onProgress: (doneBytes) => run.progress(doneBytes),
  })
  const fault = await sent.then(
    () => {
      // From here on restic may make a snapshot of it.
      step.sent = true
    },
    (error: unknown) => error,
  )
  // Not ours where restic has stopped taking: then it says itself why.
  const ours = fault instanceof Refusal || (fault !== undefined && !stdin.destroyed)
  if (ours) stop.abort(fault)
  const end = await ended
  if (ours) throw fault
  restic.assertEnded('backup', end)
  if (fault !== undefined) throw fault
  const parsed = last
    .trim()
    .split('\n')
    .map(jsonOf)
    .reverse()
    .map((line) => Summary.safeParse(line).data)
  const summary = parsed.find((one) => one !== undefined)
  if (summary === undefined) throw new Refusal('io_error', `restic has not said what it made of ${globalId}`)
  return { summary, sha256: await sent }
}

const backupArgs = (request: RequestOf<'backup-volume'>, host: string): [string, ...string[]] => {
  const { globalId, sizeBytes } = request.volume
  const { job: _job, ...others } = request.tags ?? {}
  const more = Object.entries(others).map(([name, value]) => `${name}=${value}`)
  const tags = [...marks(request), `size=${sizeBytes}`, ...more]
  const file = ['--stdin', '--stdin-filename', `vol-${globalId}.raw`]
  return ['backup', '--json', ...file, '--host', host, '--tag', tags.join(','), '--compression', 'auto']
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
