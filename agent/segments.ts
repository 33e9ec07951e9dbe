import type { FileHandle } from 'node:fs/promises'
import type { RequestOf } from '../lib/agent/tasks.ts'
import type { Device } from './devices.ts'
import { convert, type Source } from './qemu-img.ts'
import { Refusal } from './refusal.ts'
import type { Run } from './run.ts'
import { type Segment, segmentLength } from './segment-length.ts'

const MiB = 1024 ** 2
/** Upper bounds of how many segments the data and the rest of a volume are cut into. */
const mostSegments = 512
const mostTailSegments = 64
/** Zeros cost next to nothing where the device can make them by itself: what is cut finer costs processes. */
const leastTailBytes = 256 * MiB
const clearedBytes = 1024 * MiB

/** Work that writes on a volume from its start to its end. */
type Writing = Run<RequestOf<'copy-image' | 'copy-volume' | 'restore-backup'>>

/** From here on the volume is no longer what it was: put down, before it is so. */
export const beforeFirstWrite = async (run: Writing): Promise<void> => {
  const { request } = run
  const { id, wrote } = run.task()
  const { state, record } = run.context
  const volume = state.volumes.get(request.volume.globalId)
  const usedBefore = volume?.writtenBy !== undefined && volume.writtenBy !== id
  if (wrote && !usedBefore) return
  // Where another task wrote since this one was cut off, nothing of it can be gone on from.
  await run.update({
    wrote: true,
    checkpoint: 0,
    clearsTail: request.targetState === 'unknown' || usedBefore,
  })
  if (volume !== undefined) await record({ ...volume, writtenBy: id })
}

interface Segments {
  /** What is read, where that is not zeros. */
  readonly handle: FileHandle
  readonly device: Device
  readonly source: Source
  /** Offset on the volume. */
  readonly until: number
  readonly least: number
  readonly most?: number
  /** @throws Refusal what is read is not what it was */
  readonly assertUnchanged?: () => Promise<void>
}

/** Copy from the last checkpoint on, with a checkpoint after each segment. */
export const copySegments = async (run: Writing, segments: Segments): Promise<void> => {
  const { handle, device, source, until, least, most = mostSegments, assertUnchanged } = segments
  const { tools, guard, mark } = run.context
  const { sizeBytes } = run.request.volume
  const start = run.task().checkpoint
  const step = Math.max(least, Math.ceil((until - start) / most / MiB) * MiB)
  let last: Segment | undefined
  for (let offset = start; offset < until; ) {
    const bytes = Math.min(segmentLength(step, last), until - offset)
    const began = performance.now()
    const now = await device.size()
    if (now !== sizeBytes) {
      throw new Refusal('size_mismatch', `The volume has ${now} bytes now, not ${sizeBytes}`, {
        sizeBytes: now,
      })
    }
    await convert({
      tools,
      guard,
      mark,
      descriptors: [handle.fd, device.handle.fd],
      segment: { source, target: device, offset, bytes },
      signal: run.signal,
      onProgress: (part) => run.progress(offset + Math.floor(part * bytes)),
    })
    last = { bytes, ms: performance.now() - began }
    await assertUnchanged?.()
    offset += bytes
    await run.checkpoint(offset)
  }
}

/** What lies behind the data becomes zeros, where it may be anything. */
export const clearTail = async (run: Writing, handle: FileHandle, device: Device): Promise<void> => {
  if (!run.task().clearsTail) return
  await copySegments(run, {
    handle,
    device,
    source: { kind: 'zeros' },
    until: run.request.volume.sizeBytes,
    least: leastTailBytes,
    most: mostTailSegments,
  })
}

/** The whole volume becomes zeros, without a checkpoint: what is written next begins at its start in any case. */
export const clearVolume = async (run: Writing, device: Device): Promise<void> => {
  const { tools, guard, mark } = run.context
  const { sizeBytes } = run.request.volume
  const step = Math.max(clearedBytes, Math.ceil(sizeBytes / mostTailSegments / MiB) * MiB)
  for (let offset = 0; offset < sizeBytes; offset += step) {
    const bytes = Math.min(step, sizeBytes - offset)
    await convert({
      tools,
      guard,
      mark,
      descriptors: [device.handle.fd, device.handle.fd],
      segment: { source: { kind: 'zeros' }, target: device, offset, bytes },
      signal: run.signal,
      onProgress: () => {},
    })
  }
}
