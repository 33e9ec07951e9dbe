const sector = 512
const sectorsPerCluster = 4
const reservedSectors = 4
const rootEntries = 512
/** 1 January 2026, as FAT counts: years since 1980, month, day. */
const date = ((2026 - 1980) << 9) | (1 << 5) | 1

export interface Piece {
  /** Offset in the file system, bytes. */
  readonly at: number
  readonly bytes: Buffer
}

/**
 * A FAT16 file system with one file in its root; what is not listed is zeros.
 *
 * @param bytes of the whole file system: 9 to 127 MiB, so that it has a number of clusters that makes it FAT16
 * @param hiddenSectors before it on the disk
 * @param name in eight and three characters, padded with spaces: `README  TXT`
 * @see Microsoft Extensible Firmware Initiative FAT32 File System Specification 1.03
 */
export const fat16 = (bytes: number, hiddenSectors: number, name: string, content: Buffer): Piece[] => {
  const sectors = bytes / sector
  const fatSectors = Math.ceil(((sectors / sectorsPerCluster + 2) * 2) / sector)
  const rootAt = (reservedSectors + 2 * fatSectors) * sector
  const fat = fatOf(content.length)
  return [
    { at: 0, bytes: parameters(sectors, fatSectors, hiddenSectors) },
    { at: reservedSectors * sector, bytes: fat },
    { at: (reservedSectors + fatSectors) * sector, bytes: fat },
    {
      at: rootAt,
      bytes: Buffer.concat([entry('HELLO      ', 0x08, 0, 0), entry(name, 0x20, 2, content.length)]),
    },
    { at: rootAt + rootEntries * 32, bytes: content },
  ]
}

const parameters = (sectors: number, fatSectors: number, hiddenSectors: number) => {
  const block = Buffer.alloc(sector)
  block.set([0xeb, 0x3c, 0x90], 0)
  block.write('MSWIN4.1', 3, 'latin1')
  block.writeUInt16LE(sector, 11)
  block.writeUInt8(sectorsPerCluster, 13)
  block.writeUInt16LE(reservedSectors, 14)
  block.writeUInt8(2, 16)
  block.writeUInt16LE(rootEntries, 17)
  block.writeUInt16LE(sectors < 65_536 ? sectors : 0, 19)
  block.writeUInt8(0xf8, 21)
  block.writeUInt16LE(fatSectors, 22)
  block.writeUInt16LE(63, 24)
  block.writeUInt16LE(255, 26)
  block.writeUInt32LE(hiddenSectors, 28)
  block.writeUInt32LE(sectors < 65_536 ? 0 : sectors, 32)
  block.writeUInt8(0x80, 36)
  block.writeUInt8(0x29, 38)
  block.writeUInt32LE(0x5eed0002, 39)
  block.write('HELLO      FAT16   ', 43, 'latin1')
  block.writeUInt16LE(0xaa55, 510)
  return block
}

/** One file in a row of clusters, the first of which is number 2. */
const fatOf = (length: number) => {
  const clusters = Math.ceil(length / (sectorsPerCluster * sector))
  const chain = Array.from({ length: clusters }, (_, index) => (index === clusters - 1 ? 0xffff : index + 3))
  const fat = Buffer.alloc(sector)
  for (const [index, value] of [0xfff8, 0xffff, ...chain].entries()) fat.writeUInt16LE(value, index * 2)
  return fat
}

const entry = (name: string, attributes: number, cluster: number, length: number) => {
  const bytes = Buffer.alloc(32)
  bytes.write(name, 0, 11, 'latin1')
  bytes.writeUInt8(attributes, 11)
  bytes.writeUInt16LE(date, 16)
  bytes.writeUInt16LE(date, 18)
  bytes.writeUInt16LE(date, 24)
  bytes.writeUInt16LE(cluster, 26)
  bytes.writeUInt32LE(length, 28)
  return bytes
}
