import { type Bytes, isPowerOfTwo, isZero, must, tableAt, u64be, wholeSectors } from './bytes.ts'

const MiB = 1024 ** 2
const kinds = { fixed: 2, dynamic: 3 }
const cookie = 'conectix'
/** Programs whose images are as large as their size field says, not as their geometry. */
const bySize = ['win ', 'qem2', 'd2v ', 'tap\0', 'CTXS']
const largestGeometry = 65_535 * 16 * 255
/** 2040 GiB. */
const mostSectors = 0xff000000
const unallocated = 0xffffffff

/**
 * A VHD (Virtual PC) of the fixed or the dynamic kind. A dynamic one begins with its footer; a fixed one is a
 * raw disk with a footer behind it, so that the last sector alone tells the two apart.
 *
 * @returns its virtual size in bytes, as qemu sees it
 * @see qemu block/vpc.c vpc_open; Microsoft's Virtual Hard Disk Image Format Specification
 */
export const inspectVpc = async (bytes: Bytes): Promise<number> => {
  const head = await bytes.at(0, 512)
  const dynamic = isFooter(head)
  const footer = dynamic ? head : await bytes.at(bytes.size - 512, 512)
  must(bytes.size % 512 === 0, 'its footer is at an odd place')
  must(footer.readUInt32BE(64) === checksum(footer, 64), 'the checksum of its footer is wrong')
  const kind = footer.readUInt32BE(60)
  must(kind === kinds.fixed || kind === kinds.dynamic, 'it is a differencing disk, or of an unknown kind')
  must(dynamic === (kind === kinds.dynamic), 'its footer is where another kind has it')

  const sectors = sectorsOf(footer)
  must(sectors > 0, 'its disk has no bytes')
  must(sectors <= mostSectors, 'its disk is over 2040 GiB')
  if (dynamic) await inspectDynamic(bytes, u64be(footer, 16), sectors)
  else must(sectors * 512 <= bytes.size - 512, 'it was cut short: its disk is larger than its file')
  return sectors * 512
}

const isFooter = (sector: Buffer) => sector.subarray(0, 8).toString('latin1') === cookie

/** One's complement of the sum of all bytes but the four of the checksum itself. */
const checksum = (part: Buffer, at: number) => {
  const sum = (bytes: Buffer) => bytes.reduce((total, byte) => total + byte, 0)
  return ~(sum(part) - sum(part.subarray(at, at + 4))) >>> 0
}

const sectorsOf = (footer: Buffer) => {
  const geometry = footer.readUInt16BE(56) * footer.readUInt8(58) * footer.readUInt8(59)
  const creator = footer.subarray(28, 32).toString('latin1')
  return bySize.includes(creator) || geometry === largestGeometry
    ? Math.floor(u64be(footer, 48) / 512)
    : geometry
}

const inspectDynamic = async (bytes: Bytes, offset: number, sectors: number) => {
  const header = await bytes.at(offset, 1024)
  must(header.subarray(0, 8).toString('latin1') === 'cxsparse', 'its second header is missing')
  must(header.readUInt32BE(36) === checksum(header, 36), 'the checksum of its second header is wrong')
  const [parentId, parentName, locators] = [
    header.subarray(40, 56),
    header.subarray(64, 576),
    header.subarray(576, 768),
  ]
  must(isZero(parentId) && isZero(parentName) && isZero(locators), 'it has a parent')

  const block = header.readUInt32BE(32)
  must(isPowerOfTwo(block) && block >= 512, `blocks of ${block} bytes are not allowed`)
  const entries = header.readUInt32BE(28)
  must(entries * 4 <= 32 * MiB, 'its block table is over 32 MiB')
  must(entries * block >= sectors * 512, 'its block table is too short for its disk')
  const table = u64be(header, 16)
  must(table + wholeSectors(entries * 4) <= bytes.size, 'its block table is beyond the end of the file')

  const bitmap = wholeSectors(Math.floor(block / (8 * 512)))
  const looked = await tableAt(bytes, table, entries * 4)
  for (let at = 0; at < looked.length; at += 4) {
    const sector = looked.readUInt32BE(at)
    must(
      sector === unallocated || sector * 512 + bitmap + block <= bytes.size,
      'it was cut short: a block is beyond the end of the file',
    )
  }
}
