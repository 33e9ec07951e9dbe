import type { ImageFormat } from '../lib/agent/tasks.ts'
import { Refusal } from './refusal.ts'
import { type QemuImg, runQemuImg } from './run-qemu-img.ts'

/** What a segment is read from: the image behind the child's descriptor 3, or nothing but zeros. */
export type Source = { readonly kind: 'image'; readonly format: ImageFormat } | { readonly kind: 'zeros' }

export interface Segment {
  readonly source: Source
  /** The device behind the child's descriptor 4. */
  readonly target: { readonly kind: 'block' | 'file'; readonly direct: boolean }
  readonly offset: number
  readonly bytes: number
}

export interface Convert extends Omit<QemuImg, 'args' | 'bytes' | 'details'> {
  readonly segment: Segment
}

const tries = 3

/**
 * Copy one segment and flush it. Running it again for the same image does no harm.
 *
 * @throws Refusal `io_error` qemu-img failed, or made no progress three times
 */
export const convert = async (run: Convert): Promise<void> => {
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    if ((await convertOnce(run)) === 'done') return
  }
  throw new Refusal('io_error', `qemu-img made no progress at offset ${run.segment.offset}, ${tries} times`)
}

const convertOnce = ({ segment, ...run }: Convert) =>
  runQemuImg({
    ...run,
    args: convertArgs(segment),
    bytes: segment.bytes,
    details: { offset: segment.offset },
  })

/**
 * Descriptors instead of names: what was inspected and what was found to be the device is what is read and
 * written, whatever its name has become since.
 */
const imageFile = '/proc/self/fd/3'
const deviceFile = '/proc/self/fd/4'

/**
 * `-n` never makes or resizes the target, `-t none` flushes it and goes around the cache, `-W` writes as reads
 * come in. Holes are written as zeros, because a used volume would show through.
 */
export const convertArgs = ({ source, target, offset, bytes }: Segment): string[] => [
  'convert',
  '-p',
  '-n',
  '-W',
  '-m',
  '8',
  '-t',
  target.direct ? 'none' : 'writeback',
  '--target-image-opts',
  `json:${JSON.stringify(sourceNode(source, offset, bytes))}`,
  `driver=raw,offset=${offset},size=${bytes},file.driver=${target.kind === 'block' ? 'host_device' : 'file'},file.filename=${deviceFile}`,
]

const sourceNode = (source: Source, offset: number, size: number): object => {
  if (source.kind === 'zeros') return { driver: 'null-co', size, 'read-zeroes': true }
  return { driver: 'raw', offset, size, file: imageNode(source.format) }
}

const imageNode = (format: ImageFormat) => {
  const file = { driver: 'file', filename: imageFile }
  // The inspector refused images with a backing file; said once more to qemu, where the format knows of them.
  const backing = format === 'qcow2' || format === 'vmdk' ? { backing: null } : {}
  return { driver: format, ...backing, file }
}
