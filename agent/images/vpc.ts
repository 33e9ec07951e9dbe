import { type Bytes, isPowerOfTwo, must, u64be } from './bytes.ts'

const kinds = { fixed: 2, dynamic: 3 }
const cookie = 'conectix'
/** Programs whose images are as large as their size field says, not as their geometry. */
const bySize = ['win ', 'qem2', 'd2v ', 'tap\0', 'CTXS']
const largestGeometry = 65_535 * 16 * 255

/**
 * A VHD (Virtual PC) of the fixed or the dynamic kind.
 *
 * @returns its virtual size in bytes, as qemu sees it
 * @see qemu block/vpc.c vpc_open; Microsoft's Virtual Hard Disk Image Format Specification
 */
export const inspectVpc = async (bytes: Bytes): Promise<number> => {
  const head = await bytes.at(0, 512)
  const dynamic = isFooter(head)
  const footer = dynamic ? head : await bytes.at(bytes.size - 512, 512)
  must(isFooter(footer), 'its footer is missing')
  const kind = footer.readUInt32BE(60)
  must(kind === kinds.fixed || kind === kinds.dynamic, 'it is a differencing disk, or of an unknown kind')
  must(dynamic === (kind === kinds.dynamic), 'its footer is where another kind has it')

  const sectors = sectorsOf(footer)
  must(sectors > 0, 'its disk has no bytes')
  if (dynamic) await inspectDynamic(bytes, u64be(footer, 16), sectors)
  else must(sectors * 512 <= bytes.size - 512, 'its disk is larger than its file')
  return sectors * 512
}

const isFooter = (sector: Buffer) => sector.subarray(0, 8).toString('latin1') === cookie

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
  const block = header.readUInt32BE(32)
  must(isPowerOfTwo(block) && block >= 512, `blocks of ${block} bytes are not allowed`)
  const entries = header.readUInt32BE(28)
  must(entries * 4 <= 32 * 1024 ** 2, 'its block table is over 32 MiB')
  must(entries * block >= sectors * 512, 'its block table is too short for its disk')
  must(u64be(header, 16) + entries * 4 <= bytes.size, 'its block table is beyond the end of the file')
  must(
    header.subarray(40, 56).every((byte) => byte === 0),
    'it has a parent',
  )
}
