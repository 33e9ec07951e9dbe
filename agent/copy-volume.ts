import type { RequestOf, TaskResult } from '../lib/agent/tasks.ts'
import type { Device } from './devices.ts'
import { Refusal } from './refusal.ts'
import type { Run } from './run.ts'
import { beforeFirstWrite, clearTail, copySegments } from './segments.ts'
import { reading, writing } from './use-device.ts'

/**
 * Copy every byte of one device onto another, segment by segment, and clear what lies behind. Begun again after a
 * crash it goes on at the first segment without a checkpoint: what is read from must not change meanwhile, such as a
 * snapshot.
 */
export const copyVolume = async (run: Run<RequestOf<'copy-volume'>>): Promise<TaskResult> => {
  const { request } = run
  const bytes = request.source.volume.sizeBytes
  if (bytes > request.volume.sizeBytes) {
    throw new Refusal(
      'size_mismatch',
      `${request.source.volume.globalId} has ${bytes} bytes, more than the ${request.volume.sizeBytes} of ${request.volume.globalId}`,
    )
  }
  await run.update({ phase: 'wait', totalBytes: bytes })
  await reading(run, request.source.volume, (now, source) =>
    writing(now, request.volume, (both, device) => write(both, source, device)),
  )
  return { partlyWritten: false, format: 'raw', virtualSizeBytes: bytes }
}

const write = async (
  run: Run<RequestOf<'copy-volume'>>,
  { handle }: Pick<Device, 'handle'>,
  device: Device,
): Promise<void> => {
  await beforeFirstWrite(run)
  await run.update({ phase: 'copy' })
  await copySegments(run, {
    handle,
    device,
    source: { kind: 'image', format: 'raw' },
    until: run.request.source.volume.sizeBytes,
    least: run.context.config.segmentBytes,
  })
  await run.update({ phase: 'flush' })
  await clearTail(run, handle, device)
  await device.handle.sync()
}
