import type { UploadVolume } from '../lib/agent/tasks.ts'
import type { Device } from './devices.ts'

/** Descriptors instead of names: what was found to be the device is read, and the file that was made is written. */
const deviceFile = '/proc/self/fd/3'
const targetFile = '/proc/self/fd/4'

/**
 * What makes qemu-img write a volume into a file. Its content is a tenant's, who may have written the header of an
 * image there: raw is said, never guessed. `-W` writes as clusters are ready, and `size` keeps to what was asked for.
 * Nothing is flushed by it: the agent does that once, at the end.
 */
export const packArgs = (
  { format, compression, volume }: Pick<UploadVolume, 'format' | 'compression' | 'volume'>,
  { kind, direct }: Pick<Device, 'kind' | 'direct'>,
): string[] => {
  const file = { driver: kind === 'block' ? 'host_device' : 'file', filename: deviceFile }
  const source = { driver: 'raw', size: volume.sizeBytes, file }
  return [
    ...['convert', '-p', '-W', '-m', '4'],
    ...(direct ? ['-T', 'none'] : []),
    ...['-O', format],
    // Large clusters: four times as fast to compress, and smaller.
    ...(compression === 'none' ? [] : ['-c', '-o', `compression_type=${compression},cluster_size=1M`]),
    `json:${JSON.stringify(source)}`,
    targetFile,
  ]
}
