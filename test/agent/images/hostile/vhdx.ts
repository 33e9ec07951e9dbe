import { crc32c } from '../../../../agent/images/crc32c.ts'
import { all, asItIs, at, behind, cut, type Hostile, huge, le32, put, sealed, u8 } from './changes.ts'

const regions = 192 * 1024
const heads = [64 * 1024, 128 * 1024]
const inHeads = (change: (bytes: Buffer, head: number) => unknown) =>
  at((bytes) => {
    for (const head of heads) change(bytes, head)
  })
const entry = (id: string) => (bytes: Buffer) => {
  const found = bytes.indexOf(Buffer.from(id, 'hex'))
  if (found < 0) throw new Error(`no ${id}`)
  return found
}
const ids = {
  blocks: '6677c22d23f600429d64115e9bfd4a08',
  metadata: '06a27c8b90479a4bb8fe575f050f886e',
  parameters: '3767a1ca36fa434db3b633f0aa44e76b',
  size: '2442a52f1bcd7648b2115dbed83bf4b8',
  logical: '1dbf41816fa90947ba47f233a8faab5f',
  physical: 'c748a3cd5d4471449cc9e9885251c556',
  page83: 'ab12cabee6b2234593efc309e000c746',
  locator: '2d5fd3a80bb34d45abf7d3d84834ab0c',
}
/** Change an entry of a table of a VHDX, or what it points to. */
const inEntry = (id: keyof typeof ids, change: (bytes: Buffer, entry: number) => unknown) =>
  at((bytes) => change(bytes, entry(ids[id])(bytes)))
const inItem = (id: keyof typeof ids, change: (bytes: Buffer, item: number) => unknown) =>
  inEntry(id, (bytes, found) => {
    const area = Number(bytes.readBigUInt64LE(entry(ids.metadata)(bytes) + 16))
    change(bytes, area + bytes.readUInt32LE(found + 16))
  })
const inBlocks = (change: (bytes: Buffer, table: number) => unknown) =>
  inEntry('blocks', (bytes, found) => change(bytes, Number(bytes.readBigUInt64LE(found + 16))))

/** What can be wrong with a VHDX. */
export const vhdxHostile: readonly Hostile[] = [
  ...sealed('vhdx', [
    [
      'the mark of a parent',
      inItem('parameters', (bytes, item) => bytes.writeUInt32LE(2, item + 4)),
      /has a parent/,
    ],
    [
      'the place of a parent',
      inEntry('page83', (bytes, found) => bytes.write(ids.locator, found, 'hex')),
      /has a parent/,
    ],
    [
      'a region beyond the file',
      inEntry('blocks', (bytes, found) => bytes.writeBigUInt64LE(1n << 45n, found + 16)),
      /region is beyond/,
    ],
    [
      'a region at 2^63',
      inEntry('blocks', (bytes, found) => bytes.writeBigUInt64LE(1n << 63n, found + 16)),
      /beyond any disk/,
    ],
    [
      'a region over its headers',
      inEntry('metadata', (bytes, found) => bytes.writeBigUInt64LE(0n, found + 16)),
      /region is beyond/,
    ],
    [
      'metadata over its log',
      inEntry('metadata', (bytes, found) => bytes.writeBigUInt64LE(1n << 20n, found + 16)),
      /overlap/,
    ],
    [
      'a block table over its log',
      inEntry('blocks', (bytes, found) => bytes.writeBigUInt64LE(1n << 20n, found + 16)),
      /overlap/,
    ],
    [
      'a block table over its metadata',
      inEntry('blocks', (bytes, found) => bytes.writeBigUInt64LE(3n << 20n, found + 16)),
      /overlap/,
    ],
    ['no region table', le32(regions, 0), /region table is missing/],
    ['a region table of no entries', le32(regions + 8, 0), /table of 0/],
    ['a region table of 2^32 - 1 entries', le32(regions + 8, 0xffffffff), /table of 4294967295/],
    [
      'a third region',
      all(le32(regions + 8, 3), put(regions + 16 + 64, 'something strange')),
      /unknown kind/,
    ],
    [
      'one region twice',
      inEntry('blocks', (bytes, found) => bytes.write(ids.metadata, found, 'hex')),
      /twice/,
    ],
    ['one region', le32(regions + 8, 1), /region is missing/],
    [
      'no block table',
      inEntry('blocks', (bytes, found) => bytes.fill(9, found, found + 16)),
      /region is missing/,
    ],
    [
      'no metadata',
      inEntry('metadata', (bytes, found) => bytes.fill(9, found, found + 16)),
      /region is missing/,
    ],
    ['no header', inHeads((bytes, head) => bytes.writeUInt32LE(0, head)), /no header/],
    ['a header of another version', inHeads((bytes, head) => bytes.writeUInt16LE(2, head + 66)), /no header/],
    [
      'two headers of one number',
      inHeads((bytes, head) => bytes.writeBigUInt64LE(7n, head + 8)),
      /contradict/,
    ],
    ['a log that waits', inHeads((bytes, head) => bytes.writeUInt8(1, head + 48)), /log waits/],
    [
      'a log that waits in the later header',
      at((bytes) => {
        const [later = 0] = heads.toSorted((a, b) =>
          Number(bytes.readBigUInt64LE(b + 8) - bytes.readBigUInt64LE(a + 8)),
        )
        bytes.writeUInt8(1, later + 48)
      }),
      /log waits/,
    ],
    ['a log of another version', inHeads((bytes, head) => bytes.writeUInt16LE(1, head + 64)), /log is of/],
    [
      'a log at an odd place',
      inHeads((bytes, head) => bytes.writeBigUInt64LE(1_048_577n, head + 72)),
      /log is of/,
    ],
    [
      'a log beyond the file',
      inHeads((bytes, head) => bytes.writeBigUInt64LE(1n << 40n, head + 72)),
      /region is beyond/,
    ],
    [
      'too short a metadata region',
      inEntry('metadata', (bytes, found) => bytes.writeUInt32LE(4096, found + 24)),
      /metadata is too short/,
    ],
    [
      'no metadata table',
      inEntry('metadata', (bytes, found) => bytes.write('x', Number(bytes.readBigUInt64LE(found + 16)))),
      /metadata table is missing/,
    ],
    [
      'a metadata table of 2048 entries',
      inEntry('metadata', (bytes, found) =>
        bytes.writeUInt16LE(2048, Number(bytes.readBigUInt64LE(found + 16)) + 10),
      ),
      /table of 2048/,
    ],
    [
      'an item nobody knows, and must',
      inEntry('page83', (bytes, found) => bytes.fill(9, found, found + 16).writeUInt32LE(4, found + 24)),
      /unknown feature/,
    ],
    [
      'no size',
      inEntry('size', (bytes, found) => bytes.fill(9, found, found + 16).writeUInt32LE(0, found + 24)),
      /fact about its disk is missing/,
    ],
    [
      'no page 83',
      inEntry('page83', (bytes, found) => bytes.fill(9, found, found + 16).writeUInt32LE(0, found + 24)),
      /fact about its disk is missing/,
    ],
    [
      'no physical sectors',
      inEntry('physical', (bytes, found) => bytes.fill(9, found, found + 16).writeUInt32LE(0, found + 24)),
      /fact about its disk is missing/,
    ],
    [
      'a size of 4 bytes',
      inEntry('size', (bytes, found) => bytes.writeUInt32LE(4, found + 20)),
      /fact about its disk is missing/,
    ],
    [
      'an item beyond its region',
      inEntry('size', (bytes, found) => bytes.writeUInt32LE(0xfffffff8, found + 16)),
      /odd place/,
    ],
    [
      'an item within the table',
      inEntry('size', (bytes, found) => bytes.writeUInt32LE(32, found + 16)),
      /odd place/,
    ],
    [
      'a disk of no bytes',
      inItem('size', (bytes, item) => bytes.writeBigUInt64LE(0n, item)),
      /size of its disk/,
    ],
    [
      'a disk of an odd size',
      inItem('size', (bytes, item) => bytes.writeBigUInt64LE(1000n, item)),
      /size of its disk/,
    ],
    [
      'a disk over 64 TiB',
      inItem('size', (bytes, item) => bytes.writeBigUInt64LE((1n << 46n) + 512n, item)),
      /size of its disk/,
    ],
    [
      'a disk of 2^63 - 1 bytes',
      inItem('size', (bytes, item) => bytes.writeBigUInt64LE(huge, item)),
      /beyond any disk/,
    ],
    [
      'blocks of 512 KiB',
      inItem('parameters', (bytes, item) => bytes.writeUInt32LE(1 << 19, item)),
      /blocks of/,
    ],
    [
      'blocks of 512 MiB',
      inItem('parameters', (bytes, item) => bytes.writeUInt32LE(1 << 29, item)),
      /blocks of/,
    ],
    [
      'blocks of 3 MiB',
      inItem('parameters', (bytes, item) => bytes.writeUInt32LE(3 << 20, item)),
      /blocks of/,
    ],
    [
      'sectors of 4 KiB',
      inItem('logical', (bytes, item) => bytes.writeUInt32LE(4096, item)),
      /not 512 bytes/,
    ],
    [
      'a block table too short',
      inItem('size', (bytes, item) => bytes.writeBigUInt64LE(1n << 40n, item)),
      /block table is too short/,
    ],
    [
      'a block beyond the file',
      inBlocks((bytes, table) => bytes.writeBigUInt64LE((1n << 45n) | 6n, table)),
      /block is beyond/,
    ],
    [
      'a block over its headers',
      inBlocks((bytes, table) => bytes.writeBigUInt64LE(6n, table)),
      /block is beyond/,
    ],
    [
      'a block over its log',
      inBlocks((bytes, table) => bytes.writeBigUInt64LE((1n << 20n) | 6n, table)),
      /lies in a region/,
    ],
    ['a block partly there', inBlocks((bytes, table) => bytes.writeBigUInt64LE(7n, table)), /needs a parent/],
    [
      'a block of an unknown kind',
      inBlocks((bytes, table) => bytes.writeBigUInt64LE(4n, table)),
      /unknown kind/,
    ],
    ['its last block missing', cut(-4096), /beyond the end/],
    ['a second format in its tail', behind('conectix'), /several formats/],
  ]),
  ...asItIs('vhdx', [
    ['a region table of a wrong checksum', u8(regions + 5000, 1), /checksum is wrong/],
    ['headers of wrong checksums', inHeads((bytes, head) => bytes.writeUInt8(1, head + 4000)), /no header/],
    [
      'a log that waits, hidden by a later header of a wrong checksum',
      at((bytes) => {
        const [first = 0, second = 0] = heads
        bytes.writeUInt8(1, first + 48)
        bytes.writeUInt32LE(0, first + 4)
        bytes.writeUInt32LE(crc32c(bytes.subarray(first, first + 4096)), first + 4)
        bytes.writeBigUInt64LE(bytes.readBigUInt64LE(first + 8) + 9n, second + 8)
      }),
      /log waits/,
    ],
    ['a header cut short', cut(100_000), /before its header/],
  ]),
]
