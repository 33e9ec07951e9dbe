import type { FileHandle } from 'node:fs/promises'
import type { RequestOf } from '../lib/agent/tasks.ts'
import type { Device } from './devices.ts'
import { type Digests, digester, eachPiece } from './pieces.ts'
import { Refusal } from './refusal.ts'
import type { Run } from './run.ts'
import { assertStillThere } from './watch-device.ts'

export type Uploading = Run<RequestOf<'upload-volume'>>

/** @throws Refusal `not_attached`, `size_mismatch` what was read is not the volume as it was asked for */
export const assertSame = async ({ context, request }: Uploading, device: Device): Promise<void> => {
  const { globalId, sizeBytes } = request.volume
  await assertStillThere(context.config.devices, globalId, device)
  const now = await device.size()
  if (now === sizeBytes) return
  throw new Refusal('size_mismatch', `The volume has ${now} bytes now, not ${sizeBytes}`, { sizeBytes: now })
}

/**
 * Read a file to its end.
 *
 * @param also beside SHA-256
 */
export const digestsOf = async (
  { signal }: Uploading,
  file: FileHandle,
  also?: 'sha512',
): Promise<Digests> => {
  const { update, digests } = digester(also)
  const { size } = await file.stat()
  await eachPiece(file, { from: 0, to: size, signal }, update)
  return digests()
}
