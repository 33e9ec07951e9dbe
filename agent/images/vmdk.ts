import { type Bytes, isPowerOfTwo, isZero, must, tableAt, u64le } from './bytes.ts'
import { inspectDescriptor } from './vmdk-descriptor.ts'

const sector = 512
const MiB = 1024 ** 2
/** qemu reads a descriptor inside the image from here, and so much of it. */
const descriptorAt = 512
const descriptorBytes = 20 * 512
const atEnd = 0xffffffffffffffffn
const flags = { secondDirectory: 2, compressed: 0x10000 }
const footerMarker = 3
/** Sectors. qemu unpacks a grain in memory; programs write grains of 128. */
const mostGrain = 4096

export interface Extent {
  /** Sectors. */
  readonly capacity: number
  readonly compressed: boolean
}

/**
 * A VMDK that is one sparse file with its descriptor inside, and has no parent.
 *
 * @returns its virtual size in bytes
 * @see VMware Virtual Disk Format 5.0; qemu block/vmdk.c vmdk_open_vmdk4
 */
export const inspectVmdk = async (bytes: Bytes): Promise<number> => {
  const header = await bytes.at(0, sector)
  const extent = inspectHeader(header, bytes)
  const counts = header.readBigUInt64LE(56) === atEnd ? await footerOf(bytes) : header
  const again = inspectHeader(counts, bytes)
  must(
    again.capacity === extent.capacity && again.compressed === extent.compressed,
    'its header and footer differ',
  )
  await inspectDirectories(bytes, counts, extent.capacity)

  const length = Math.min(descriptorBytes, bytes.size - descriptorAt)
  inspectDescriptor((await bytes.at(descriptorAt, length)).toString('latin1'), extent)
  return extent.capacity * sector
}

/** A stream is written front to back: the header that counts is between two markers at its end. */
const footerOf = async (bytes: Bytes) => {
  must(bytes.size >= 4 * sector && bytes.size % sector === 0, 'its footer is missing')
  const end = await bytes.at(bytes.size - 3 * sector, 3 * sector)
  const [marker, footer, last] = [
    end.subarray(0, 16),
    end.subarray(sector, 2 * sector),
    end.subarray(2 * sector),
  ]
  must(
    marker.readUInt32LE(8) === 0 && marker.readUInt32LE(12) === footerMarker && isZero(last.subarray(0, 16)),
    'its footer is missing',
  )
  must(footer.toString('latin1', 0, 4) === 'KDMV', 'its footer is missing')
  must(footer.readBigUInt64LE(56) !== atEnd, 'its grain directory is nowhere')
  return footer
}

const inspectHeader = (header: Buffer, bytes: Bytes): Extent => {
  const version = header.readUInt32LE(4)
  must(version >= 1 && version <= 3, `version ${version} of VMDK is unknown`)
  const capacity = u64le(header, 12)
  // With none, qemu takes the text inside for a descriptor, which may name other files.
  must(capacity > 0, 'its disk has no bytes')
  const grain = u64le(header, 20)
  must(grain <= mostGrain && isPowerOfTwo(grain), `grains of ${grain} sectors are not allowed`)
  must(u64le(header, 28) === 1, 'its descriptor is at an odd place')
  const descriptorSectors = u64le(header, 36)
  must(descriptorSectors >= 1 && descriptorSectors <= 20, 'the size of its descriptor is not allowed')
  const entries = header.readUInt32LE(44)
  must(entries >= 1 && entries <= 512, `grain tables of ${entries} entries are not allowed`)
  must(u64le(header, 64) * sector <= bytes.size, 'it was cut short: its data is beyond the end of the file')

  const compression = header.readUInt16LE(77)
  const compressed = (header.readUInt32LE(8) & flags.compressed) !== 0
  must(compression <= 1 && compressed === (compression === 1), 'its compression is unknown')
  return { capacity, compressed }
}

/** The grain directory, its copy, and every grain table either names, must lie in the file. */
const inspectDirectories = async (bytes: Bytes, header: Buffer, capacity: number) => {
  const tableEntries = header.readUInt32LE(44)
  const length = Math.ceil(capacity / (u64le(header, 20) * tableEntries)) * 4
  must(length <= 32 * MiB, 'its grain directory is over 32 MiB')
  const copy = (header.readUInt32LE(8) & flags.secondDirectory) !== 0 ? u64le(header, 48) : 0
  for (const offset of [u64le(header, 56) * sector, ...(copy > 0 ? [copy * sector] : [])]) {
    must(offset > 0 && offset + length <= bytes.size, 'its grain directory is beyond the end of the file')
    const directory = await tableAt(bytes, offset, length)
    for (let at = 0; at < directory.length; at += 4) {
      const table = directory.readUInt32LE(at) * sector
      must(table + tableEntries * 4 <= bytes.size, 'a grain table is beyond the end of the file')
    }
  }
}
