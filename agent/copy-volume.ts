import type { RequestOf, TaskResult } from '../lib/agent/tasks.ts'
import { openDevice, openForReading, waitForDevice } from './devices.ts'
import { Refusal } from './refusal.ts'
import type { Run } from './run.ts'
import { beforeFirstWrite, clearTail, copySegments, deviceWaitMs } from './segments.ts'

/**
 * Copy every byte of one device onto another, segment by segment, and clear what lies behind. Begun again after a
 * crash it goes on at the first segment without a checkpoint: what is read from must not change meanwhile, such as a
 * snapshot.
 */
export const copyVolume = async (run: Run<RequestOf<'copy-volume'>>): Promise<TaskResult> => {
  const { context, request, signal } = run
  const { devices, segmentBytes } = context.config
  const { user } = context.guard
  const bytes = request.source.volume.sizeBytes
  if (bytes > request.volume.sizeBytes) {
    throw new Refusal(
      'size_mismatch',
      `${request.source.volume.globalId} has ${bytes} bytes, more than the ${request.volume.sizeBytes} of ${request.volume.globalId}`,
    )
  }
  await run.update({ phase: 'wait', totalBytes: bytes })
  const from = await waitForDevice(devices, request.source.volume, deviceWaitMs, signal)
  const to = await waitForDevice(devices, request.volume, deviceWaitMs, signal)
  await using source = await openForReading(from, user)
  await using device = await openDevice(to, user)
  await beforeFirstWrite(run)
  await run.update({ phase: 'copy' })
  await copySegments(run, {
    handle: source.handle,
    device,
    source: { kind: 'image', format: 'raw' },
    until: bytes,
    least: segmentBytes,
  })
  await run.update({ phase: 'flush' })
  await clearTail(run, source.handle, device)
  await device.handle.sync()
  return { partlyWritten: false, format: 'raw', virtualSizeBytes: bytes }
}
