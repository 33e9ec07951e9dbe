import { type Bytes, isZero, must, u64le, wholeSectors } from './bytes.ts'

const MiB = 1024 ** 2
const headerBytes = 512

/**
 * A VirtualBox image of the dynamic or the static kind, without a parent.
 *
 * @returns its virtual size in bytes
 * @see qemu block/vdi.c vdi_open
 */
export const inspectVdi = async (bytes: Bytes): Promise<number> => {
  const header = await bytes.at(0, headerBytes)
  const version = header.readUInt32LE(0x44)
  must(version === 0x00010001, `version 0x${version.toString(16)} of VDI is unknown`)
  const kind = header.readUInt32LE(0x4c)
  must(kind === 1 || kind === 2, 'it is a differencing disk, or of an unknown kind')
  const link = header.subarray(0x1a8, 0x1b8)
  const parent = header.subarray(0x1b8, 0x1c8)
  must(isZero(link) && isZero(parent), 'it has a parent')

  must(header.readUInt32LE(0x168) === 512, 'its sectors are not 512 bytes')
  const block = header.readUInt32LE(0x178)
  must(block === MiB, `blocks of ${block} bytes are not allowed`)
  must(header.readUInt32LE(0x17c) === 0, 'its blocks carry something besides data')
  const blocks = header.readUInt32LE(0x180)
  must(blocks * 4 <= 32 * MiB, 'its block map is over 32 MiB')
  const map = header.readUInt32LE(0x154)
  const data = header.readUInt32LE(0x158)
  must(map >= headerBytes && map % 512 === 0, 'its block map is at an odd place')
  must(map + blocks * 4 <= bytes.size, 'its block map is beyond the end of the file')
  must(data >= map + blocks * 4 && data % 512 === 0, 'its data is at an odd place')

  const stored = header.readUInt32LE(0x184)
  must(stored <= blocks, 'it stores more blocks than its map has')
  must(data + stored * MiB <= wholeSectors(bytes.size), 'it was cut short: its last block is missing')
  const size = wholeSectors(u64le(header, 0x170))
  must(size > 0 && size <= blocks * block, 'its block map is too short for its disk')
  return size
}
