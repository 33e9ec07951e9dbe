import type { ImageFormat, RequestOf, TaskResult } from '../lib/agent/tasks.ts'
import type { Device } from './devices.ts'
import type { Image } from './folder.ts'
import { inspect } from './images/inspect.ts'
import { Refusal } from './refusal.ts'
import type { Run } from './run.ts'
import { beforeFirstWrite, clearTail, copySegments } from './segments.ts'
import { openSource } from './source.ts'
import { writing } from './use-device.ts'

/**
 * Inspect the image, wait for the device, copy segment by segment. Begun again after a crash it goes on at the
 * first segment without a checkpoint, provided that the image is still the one that was inspected.
 */
export const copyImage = async (run: Run<RequestOf<'copy-image'>>): Promise<TaskResult> => {
  await using image = await openSource(run)
  const inspected = await inspectOnce(run, image)
  await run.update({ phase: 'wait' })
  await writing(run, run.request.volume, (now, device) => write(now, { image, device, ...inspected }))
  return { partlyWritten: false, format: inspected.format, virtualSizeBytes: inspected.virtualSize }
}

interface Write {
  readonly image: Image
  readonly device: Device
  readonly format: ImageFormat
  readonly virtualSize: number
}

const write = async (
  run: Run<RequestOf<'copy-image'>>,
  { image, device, format, virtualSize }: Write,
): Promise<void> => {
  await beforeFirstWrite(run)
  await run.update({ phase: 'copy' })
  await copySegments(run, {
    handle: image.handle,
    device,
    source: { kind: 'image', format },
    until: virtualSize,
    least: run.context.config.segmentBytes,
    assertUnchanged: () => image.assertUnchanged(),
  })
  await run.update({ phase: 'flush' })
  await clearTail(run, image.handle, device)
  await device.handle.sync()
}

const inspectOnce = async (run: Run<RequestOf<'copy-image'>>, image: Image) => {
  const { request } = run
  const { image: before } = run.task()
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
