import type { ImageFormat } from '../../lib/agent/tasks.ts'
import { Refusal } from '../refusal.ts'
import { type Bytes, mostRead, upTo, wholeSectors } from './bytes.ts'
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
const inspectRaw = async (bytes: Bytes) => wholeSectors(bytes.size)

const inspectors: Record<ImageFormat, (bytes: Bytes) => Promise<number>> = {
  raw: inspectRaw,
  qcow2: inspectQcow2,
  vmdk: inspectVmdk,
  vhdx: inspectVhdx,
  vpc: inspectVpc,
  vdi: inspectVdi,
}

/**
 * Say what an image is, from its headers alone and before any other program reads a byte of it. However large
 * the image is, no more than `mostRead` bytes of it are read.
 *
 * @param declared what the caller was told it is: an image that is something else is not taken
 * @param mostVirtual bytes the disk inside may have at most; a few bytes of file can promise any number
 * @throws Refusal `format_mismatch`, `image_too_large`, or `format_refused` with `details.reasons`
 */
export const inspect = async (
  image: Bytes,
  declared: ImageFormat,
  mostVirtual = Number.MAX_SAFE_INTEGER,
): Promise<Inspected> => {
  const bytes = upTo(mostRead, image)
  const format = await detect(bytes)
  if (format !== declared) {
    throw new Refusal('format_mismatch', `The image was called ${declared}, and its content is ${format}`, {
      format,
    })
  }
  const virtualSize = await inspectors[format](bytes)
  if (virtualSize > mostVirtual) {
    throw new Refusal(
      'image_too_large',
      `The disk in the image has ${virtualSize} bytes, and ${mostVirtual} are allowed here`,
      { virtualSize },
    )
  }
  return { format, virtualSize }
}
