import type { FileHandle } from 'node:fs/promises'
import { type Device, lend } from './devices.ts'
import { assertSame, type Uploading } from './outgoing.ts'
import { packArgs } from './pack-args.ts'
import { Refusal } from './refusal.ts'
import { runQemuImg } from './run-qemu-img.ts'
import type { TaskRecord } from './state.ts'
import { reading } from './use-device.ts'

const MiB = 1024 ** 2
const tries = 3

/** Where a file is made. */
export interface Place {
  /** A new, empty file. */
  open(): Promise<FileHandle>
  /** What was made and sealed before. */
  reopen(): Promise<FileHandle>
  /** Nobody changes it any more. */
  seal(handle: FileHandle): Promise<void>
  /** @throws Refusal `no_space` */
  assertSpace(bytes: number): Promise<void>
}

type Beside = (file: FileHandle) => Promise<Partial<TaskRecord>>

/**
 * The volume as an image file, open: the one that an earlier try has made to its end, or a new one.
 *
 * @param beside what is done while the disk takes a new file in; put down together with that
 * @throws Refusal `size_mismatch`, `not_attached` the volume was changed under it; `no_space`; `io_error`
 */
export const packedFile = async (run: Uploading, place: Place, beside?: Beside): Promise<FileHandle> => {
  const { staged, made } = run.task()
  if (staged?.complete) {
    const handle = await place.reopen().catch(() => undefined)
    if (handle !== undefined && (await isThat(handle, made, staged.bytes))) return handle
    await handle?.close()
  }
  await run.update({ phase: 'wait', totalBytes: run.request.volume.sizeBytes })
  return reading(run, run.request.volume, (now, device) => packInto(now, device, place, beside))
}

const packInto = async (
  run: Uploading,
  device: Device,
  place: Place,
  beside?: Beside,
): Promise<FileHandle> => {
  const file = await place.open()
  try {
    await place.assertSpace(await mostBytes(device))
    await run.update({ phase: 'copy', staged: { bytes: 0, complete: false } })
    await pack(run, device, file)
    await run.update({ phase: 'flush' })
    await assertSame(run, device)
    await place.seal(file)
    const [found] = await orAborted(run.signal, Promise.all([beside?.(file), file.sync()]))
    const { ino, size } = await file.stat({ bigint: true })
    const bytes = Number(size)
    await run.update({ ...found, made: String(ino), staged: { bytes, complete: true }, fileBytes: bytes })
    return file
  } catch (error) {
    // Not waited for: it comes when a disk that is at work has done it, and nobody needs the file.
    file.close().catch(() => {})
    throw error
  }
}

/** Wait no longer than until a task is to stop. */
const orAborted = async <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => {
  const aborted = Promise.withResolvers<never>()
  const stop = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const isThat = async (handle: FileHandle, made: string | undefined, bytes: number) => {
  const { ino, size } = await handle.stat({ bigint: true })
  return String(ino) === made && Number(size) === bytes
}

const pack = async (run: Uploading, device: Device, file: FileHandle): Promise<void> => {
  const { context, request, signal } = run
  const { tools, guard, mark } = context
  const bytes = request.volume.sizeBytes
  const giveBack = guard.user ? await lend(file, guard.user) : async () => {}
  try {
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      const end = await runQemuImg({
        ...{ tools, guard, mark, signal, bytes },
        args: packArgs(request, device),
        descriptors: [device.handle.fd, file.fd],
        onProgress: (part) => run.progress(Math.floor(part * bytes)),
      })
      if (end === 'done') return
      await file.truncate(0)
    }
    throw new Refusal('io_error', `qemu-img made no progress, ${tries} times`)
  } catch (error) {
    signal.throwIfAborted()
    // A device that is gone or smaller fails in the words of whoever read it.
    await assertSame(run, device)
    throw error
  } finally {
    await giveBack()
  }
}

/**
 * What a file of it may have at most: a cluster that cannot be compressed is kept as it is, and tables are less than a
 * thousandth. Of a device the holes are not known.
 */
const mostBytes = async ({ kind, handle, sizeBytes }: Device): Promise<number> => {
  const { blocks } = await handle.stat()
  const data = kind === 'file' ? Math.min(sizeBytes, blocks * 512) : sizeBytes
  return data + Math.ceil(sizeBytes / 1024) + 16 * MiB
}
