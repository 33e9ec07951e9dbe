import type { FileHandle } from 'node:fs/promises'
import type { RequestOf } from '../lib/agent/tasks.ts'
import { type Device, findDevice, openForReading, waitForDevice } from './devices.ts'
import { type Digests, digester, eachPiece } from './pieces.ts'
import { asRefusal, Refusal } from './refusal.ts'
import type { Run } from './run.ts'
import { deviceWaitMs } from './use-device.ts'

export type Uploading = Run<RequestOf<'upload-volume'>>

/**
 * The device that is read, open; waited for where it is not there yet.
 *
 * @param lent whether a child opens it anew
 */
export const openVolume = async (run: Uploading, lent: boolean): Promise<Device> => {
  const { context, request, signal } = run
  await run.update({ phase: 'wait', totalBytes: request.volume.sizeBytes })
  const found = await waitForDevice(context.config.devices, request.volume, deviceWaitMs, signal)
  return openForReading(found, lent ? context.guard.user : undefined)
}

/** @throws Refusal `not_attached`, `size_mismatch` what was read is not the volume as it was asked for */
export const assertSame = async ({ context, request }: Uploading, device: Device): Promise<void> => {
  const { globalId, sizeBytes } = request.volume
  const found = await findDevice(context.config.devices, globalId).catch((error: unknown) => {
    throw asRefusal(error)
  })
  if (found?.real !== device.real) {
    throw new Refusal('not_attached', `The device of ${globalId} went while it was read`)
  }
  const now = await device.size()
  if (now === sizeBytes) return
  throw new Refusal('size_mismatch', `The volume has ${now} bytes now, not ${sizeBytes}`, { sizeBytes: now })
}

/** Read a file to its end. */
export const digestsOf = async ({ signal }: Uploading, file: FileHandle): Promise<Digests> => {
  const { update, digests } = digester()
  const { size } = await file.stat()
  await eachPiece(file, { from: 0, to: size, signal }, update)
  return digests()
}
