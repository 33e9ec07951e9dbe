import type { ImageFormat } from '../../lib/agent/protocol.ts'
import { Refusal } from '../refusal.ts'
import type { Bytes } from './bytes.ts'
import { detect } from './detect.ts'
import { inspectQcow2 } from './qcow2.ts'
import { inspectVdi } from './vdi.ts'
import { inspectVhdx } from './vhdx.ts'
import { inspectVmdk } from './vmdk.ts'
import { inspectVpc } from './vpc.ts'

export interface Inspected {
  readonly format: ImageFormat
  /** Bytes of the disk inside, whole sectors. */
  readonly virtualSize: number
}

/** qemu takes a raw file whose last sector is short as if zeros followed. */
const inspectRaw = async (bytes: Bytes) => Math.ceil(bytes.size / 512) * 512

const inspectors: Record<ImageFormat, (bytes: Bytes) => Promise<number>> = {
  raw: inspectRaw,
  qcow2: inspectQcow2,
  vmdk: inspectVmdk,
  vhdx: inspectVhdx,
  vpc: inspectVpc,
  vdi: inspectVdi,
}

/**
 * Say what an image is, from its headers alone and before any other program reads a byte of it.
 *
 * @param declared what the caller was told it is: an image that is something else is not taken
 * @throws Refusal `format_mismatch`, or `format_refused` with `details.reasons`
 */
export const inspect = async (bytes: Bytes, declared: ImageFormat): Promise<Inspected> => {
  const format = await detect(bytes)
  if (format !== declared) {
    throw new Refusal('format_mismatch', `The image was called ${declared}, and its content is ${format}`, {
      format,
    })
  }
  return { format, virtualSize: await inspectors[format](bytes) }
}
