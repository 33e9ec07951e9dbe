import type { ImageFormat } from '../../agent/tasks.ts'
import { DriverError, type DriverErrorName } from '../../errors.ts'
import type { Image } from '../../glance/image.ts'
import { GiB } from '../../units.ts'

/** What is known of an image that may be copied. */
export interface CheckedImage {
  readonly format: ImageFormat
  readonly sizeBytes?: number
  readonly sha256?: string
  readonly sha512?: string
}

/** Glance's names of the formats that the agent's gate lets through. */
const formats: Readonly<Record<string, ImageFormat>> = {
  raw: 'raw',
  qcow2: 'qcow2',
  vmdk: 'vmdk',
  vhdx: 'vhdx',
  vhd: 'vpc',
  vdi: 'vdi',
}

const digestBytes: Readonly<Record<string, number>> = { sha256: 32, sha512: 64 }

/**
 * Whether an image of Glance's may become a volume's content, before a byte of it moves.
 *
 * @param volume its id, and its size in GiB
 * @throws DriverError Conflict: it has no data yet. Forbidden: its data was withdrawn. NotSupported: it is encrypted.
 *   InvalidInput: its container, its format or its size does not fit.
 * @see cinder/image/image_utils.py, cinder/api/api_utils.py; the container must be bare as nothing here unpacks one
 */
export function checkImage(
  image: Image,
  volume: { readonly id: string; readonly sizeGiB: number },
): CheckedImage {
  const { id, status, size, min_disk: minDisk } = image
  const refuse = (name: DriverErrorName, what: string, remedy?: string) =>
    new DriverError(name, `image ${id} ${what}`, remedy === undefined ? {} : { remedy })

  if (status === 'deactivated') throw refuse('Forbidden', 'is deactivated', 'Have it reactivated in Glance.')
  if (['queued', 'saving', 'uploading', 'importing'].includes(status)) {
    throw refuse('Conflict', `is ${status}, not active`, 'Repeat when its data is there.')
  }
  if (status !== 'active') throw refuse('InvalidInput', `is ${status}, not active`)
  if (image.container_format !== 'bare') {
    throw refuse('InvalidInput', `is in a container: ${image.container_format ?? 'none is said'}, not bare`)
  }
  const said = image.disk_format ?? 'unknown'
  const format = Object.hasOwn(formats, said) ? formats[said] : undefined
  if (format === undefined) {
    throw refuse('InvalidInput', `is ${said}; taken are ${Object.keys(formats).join(', ')}`)
  }
  if (image.cinder_encryption_key_id) {
    throw refuse('NotSupported', 'is encrypted: its content would be noise on the volume')
  }
  const { sizeGiB } = volume
  if (minDisk > sizeGiB) {
    throw refuse('InvalidInput', `needs a volume of ${minDisk} GiB; ${volume.id} has ${sizeGiB}`)
  }
  // A file of another format says nothing of the disk in it; that is looked at when the file is there.
  const bytes = image.virtual_size ?? (format === 'raw' ? size : undefined) ?? 0
  if (bytes > sizeGiB * GiB) {
    throw refuse('InvalidInput', `has ${bytes} bytes; volume ${volume.id} has ${sizeGiB} GiB`)
  }
  return { format, ...(size ? { sizeBytes: size } : {}), ...digestOf(image) }
}

/** Of an algorithm that is known here; what Glance calls `checksum` is MD5, which proves nothing. */
const digestOf = ({ os_hash_algo: algorithm, os_hash_value: value }: Image) => {
  const bytes = digestBytes[algorithm ?? '']
  if (bytes === undefined || !value || !new RegExp(`^[0-9a-f]{${2 * bytes}}$`).test(value)) return {}
  return algorithm === 'sha256' ? { sha256: value } : { sha512: value }
}
