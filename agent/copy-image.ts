import type { ImageSource, TaskResult } from '../lib/agent/protocol.ts'
import type { Context } from './context.ts'
import { type Device, openDevice, waitForDevice } from './devices.ts'
import type { Image } from './folder.ts'
import { inspect } from './images/inspect.ts'
import { convert, type Source } from './qemu-img.ts'
import { Refusal } from './refusal.ts'
import { openSource } from './source.ts'
import type { TaskRecord } from './state.ts'

const MiB = 1024 ** 2
/** How long a task waits for its device, after the function said that it is attached. */
const deviceWaitMs = 30_000
/** Upper bounds of how many segments an image and the rest of a volume are cut into. */
const mostSegments = 512
const mostTailSegments = 64
/** Zeros cost next to nothing where the device can make them by itself: what is cut finer costs processes. */
const leastTailBytes = 256 * MiB

/** A task that runs. */
export interface Run {
  readonly context: Context
  readonly signal: AbortSignal
  /** Where the image is, whole; undefined once a restart has lost what is not written down. */
  readonly source: ImageSource | undefined
  /** As it stands now. */
  task(): TaskRecord
  /** Change the record; on the disk when it resolves. */
  update(patch: Partial<TaskRecord>): Promise<void>
  /** Say how much of the image file has come. */
  fetched(bytes: number): void
  /** Say how far it is. */
  progress(doneBytes: number): void
  /** Everything below `offset` is written and flushed. */
  checkpoint(offset: number): Promise<void>
}

/**
 * Inspect the image, wait for the device, copy segment by segment. Begun again after a crash it goes on at the
 * first segment without a checkpoint, provided that the image is still the one that was inspected.
 */
export const copyImage = async (run: Run): Promise<TaskResult> => {
  const { request } = run.task()
  await using image = await openSource(run)
  const { format, virtualSize } = await inspectOnce(run, image)

  await run.update({ phase: 'wait' })
  const found = await waitForDevice(run.context.config.devices, request.volume, deviceWaitMs, run.signal)
  await using device = await openDevice(found, run.context.guard.user)
  await beforeFirstWrite(run)
  await run.update({ phase: 'copy' })
  await copy(run, {
    image,
    device,
    source: { kind: 'image', format },
    until: virtualSize,
    most: mostSegments,
    least: run.context.config.segmentBytes,
  })
  await run.update({ phase: 'flush' })
  if (run.task().clearsTail) {
    const until = request.volume.sizeBytes
    const [most, least] = [mostTailSegments, leastTailBytes]
    await copy(run, { image, device, source: { kind: 'zeros' }, until, most, least })
  }
  await device.handle.sync()
  return { partlyWritten: false, format, virtualSizeBytes: virtualSize }
}

const inspectOnce = async (run: Run, image: Image) => {
  const { request, image: before } = run.task()
  await run.update({ phase: 'inspect' })
  if (before !== undefined && before.identity !== image.identity) {
    throw new Refusal('source_changed', 'The image was changed after it was inspected')
  }
  const { format, virtualSize } = await inspect(image.bytes, request.format, request.volume.sizeBytes)
  // What came from a server was compared as it came.
  if (before === undefined && request.sha256 !== undefined && request.source.kind === 'folder') {
    const sha256 = await image.sha256(run.signal)
    if (sha256 !== request.sha256) {
      throw new Refusal('digest_mismatch', `The image's SHA-256 is ${sha256}, not ${request.sha256}`, {
        sha256,
      })
    }
  }
  await image.assertUnchanged()
  await run.update({ image: { identity: image.identity, format, virtualSize }, totalBytes: virtualSize })
  return { format, virtualSize }
}

/** From here on the volume is no longer what it was: put down, before it is so. */
const beforeFirstWrite = async (run: Run) => {
  const { id, request, wrote } = run.task()
  if (wrote) return
  const { state, record } = run.context
  const volume = state.volumes.get(request.volume.globalId)
  const usedBefore = volume?.writtenBy !== undefined && volume.writtenBy !== id
  await run.update({ wrote: true, clearsTail: request.targetState === 'unknown' || usedBefore })
  if (volume !== undefined) await record({ ...volume, writtenBy: id })
}

interface Copy {
  readonly image: Image
  readonly device: Device
  readonly source: Source
  /** Offset on the volume. */
  readonly until: number
  readonly most: number
  readonly least: number
}

const copy = async (run: Run, { image, device, source, until, most, least }: Copy) => {
  const { tools, guard, mark } = run.context
  const { sizeBytes } = run.task().request.volume
  const start = run.task().checkpoint
  const step = Math.max(least, Math.ceil((until - start) / most / MiB) * MiB)
  for (let offset = start; offset < until; ) {
    const bytes = Math.min(step, until - offset)
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
      descriptors: [image.handle.fd, device.handle.fd],
      segment: { source, target: device, offset, bytes },
      signal: run.signal,
      onProgress: (part) => run.progress(offset + Math.floor(part * bytes)),
    })
    await image.assertUnchanged()
    offset += bytes
    await run.checkpoint(offset)
  }
}
