import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { RequestOf, TaskResult } from '../lib/agent/tasks.ts'
import { type Device, openAround } from './devices.ts'
import { dump } from './dump.ts'
import { Refusal } from './refusal.ts'
import { openRestic, type Restic } from './restic.ts'
import { whenUnlocked } from './restic-locks.ts'
import type { Run } from './run.ts'
import { beforeFirstWrite, clearVolume } from './segments.ts'
import { type Snapshot, snapshotOf, wordsOf } from './snapshots.ts'
import { writing } from './use-device.ts'
import { writeGrains } from './write-grains.ts'

type Restoring = Run<RequestOf<'restore-backup'>>

/**
 * Write a backup onto a device. Zeros are not written: a device that may hold something is cleared first. Begun again
 * after a crash it begins at the start.
 */
export const restoreBackup = async (run: Restoring): Promise<TaskResult> => {
  const { request } = run
  const { sizeBytes, volume } = request
  if (sizeBytes > volume.sizeBytes) {
    throw new Refusal(
      'size_mismatch',
      `The backup has ${sizeBytes} bytes, more than the ${volume.sizeBytes} of ${volume.globalId}`,
    )
  }
  await run.update({ phase: 'wait', totalBytes: sizeBytes })
  await using restic = await openRestic(run)
  const snapshot = await snapshotOf(restic, request.snapshotId)
  const expected = expectedOf(request, snapshot)
  return await writing(run, volume, async (held, device) => {
    const sha256 = await write(held, device, { restic: restic.within(held.signal), snapshot })
    await run.update({ phase: 'flush' })
    assertDigest(sha256, expected, snapshot)
    await device.handle.sync()
    return { partlyWritten: false, snapshotId: snapshot.id, sizeBytes, sha256 }
  })
}

/** @returns SHA-256 of what was written */
const write = async (
  run: Restoring,
  device: Device,
  { restic, snapshot }: { restic: Restic; snapshot: Snapshot },
): Promise<string> => {
  await beforeFirstWrite(run)
  if (run.task().clearsTail) {
    await run.update({ phase: 'clear' })
    await clearVolume(run, device)
  }
  await run.update({ phase: 'copy' })
  await using around = device.direct ? await openAround(device.handle, constants.O_RDWR) : undefined
  const take = writer(run, device, around)
  // Awaited here: what is written to is closed when this ends.
  return await whenUnlocked(restic, () => dump(restic, { snapshot, bytes: run.request.sizeBytes, take }))
}

/** @throws Refusal the repository says otherwise than the request, before anything is written */
const expectedOf = ({ sizeBytes, sha256 }: RequestOf<'restore-backup'>, snapshot: Snapshot) => {
  const words = wordsOf(snapshot)
  const size = words.get('size')
  if (size !== undefined && Number(size) !== sizeBytes) {
    throw new Refusal('size_mismatch', `The backup ${snapshot.id} has ${size} bytes, not ${sizeBytes}`)
  }
  const kept = words.get('sha256')
  if (kept !== undefined && sha256 !== undefined) assertDigest(kept, sha256, snapshot)
  return sha256 ?? kept
}

/** @throws Refusal `digest_mismatch` */
export const assertDigest = (sha256: string, expected: string | undefined, { id }: Snapshot): void => {
  if (expected === undefined || sha256 === expected) return
  throw new Refusal('digest_mismatch', `The SHA-256 of the backup ${id} is ${sha256}, not ${expected}`, {
    sha256,
  })
}

/**
 * Pieces that begin with a page go around the cache: to fill that with what nobody reads took a third of a restore.
 */
const writer = (run: Restoring, { handle }: Device, around: FileHandle | undefined) => {
  let to = around ?? handle
  return async (piece: Buffer, offset: number) => {
    await writeGrains(to, piece, offset).catch((error: NodeJS.ErrnoException) => {
      if (to === handle || error.code !== 'EINVAL') throw error
      // It takes larger blocks only, or other buffers.
      to = handle
      return writeGrains(to, piece, offset)
    })
    run.progress(offset + piece.length)
  }
}
