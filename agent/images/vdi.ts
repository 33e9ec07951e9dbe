import { type Bytes, must, u64le } from './bytes.ts'

/**
 * A VirtualBox image of the dynamic or the static kind, without a parent.
 *
 * @returns its virtual size in bytes
 * @see qemu block/vdi.c vdi_open
 */
export const inspectVdi = async (bytes: Bytes): Promise<number> => {
  const header = await bytes.at(0, 512)
  const version = header.readUInt32LE(0x44)
  must(version === 0x00010001, `version 0x${version.toString(16)} of VDI is unknown`)
  const kind = header.readUInt32LE(0x4c)
  must(kind === 1 || kind === 2, 'it is a differencing disk, or of an unknown kind')
  const isNone = (offset: number) => header.subarray(offset, offset + 16).every((byte) => byte === 0)
  must(isNone(0x1a8) && isNone(0x1b8), 'it has a parent')

  must(header.readUInt32LE(0x168) === 512, 'its sectors are not 512 bytes')
  const block = header.readUInt32LE(0x178)
  must(block === 1024 ** 2, `blocks of ${block} bytes are not allowed`)
  const blocks = header.readUInt32LE(0x180)
  must(blocks * 4 <= 32 * 1024 ** 2, 'its block map is over 32 MiB')
  const map = header.readUInt32LE(0x154)
  must(map % 512 === 0 && header.readUInt32LE(0x158) % 512 === 0, 'its block map is at an odd place')
  must(map + blocks * 4 <= bytes.size, 'its block map is beyond the end of the file')
  const size = Math.ceil(u64le(header, 0x170) / 512) * 512
  must(size > 0 && size <= blocks * block, 'its block map is too short for its disk')
  return size
}
