import { all, asItIs, at, atEnd, be32, be64, cut, type Hostile, huge, put, sealed, u8 } from './changes.ts'

const footer = (offset: number, value: number) =>
  at((bytes) => {
    const fixed = bytes.toString('latin1', 0, 8) !== 'conectix'
    bytes.writeUInt32BE(value, (fixed ? bytes.length - 512 : 0) + offset)
  })

/** What can be wrong with a VHD. */
export const vpcHostile: readonly Hostile[] = [
  ...sealed('vpc dynamic', [
    ['the differencing kind', footer(60, 4), /differencing/],
    ['an unknown kind', footer(60, 7), /unknown kind/],
    ['the fixed kind', footer(60, 2), /another kind/],
    ['the id of a parent', u8(512 + 40, 1), /has a parent/],
    ['the name of a parent', put(512 + 64, '\0p'), /has a parent/],
    ['the place of a parent', put(512 + 576, 'W2ku'), /has a parent/],
    ['no second header', put(512, 'x'), /second header is missing/],
    ['its second header beyond the file', be64(16, 1n << 40n), /before its header/],
    ['its second header at 2^63', be64(16, 1n << 63n), /beyond any disk/],
    ['a block table beyond the file', be64(512 + 16, 1n << 40n), /block table is beyond/],
    ['a block table at 2^64 - 1', be64(512 + 16, atEnd), /beyond any disk/],
    ['a block table of 16 GiB', be32(512 + 28, 0xffffffff), /over 32 MiB/],
    ['a block table too short', be32(512 + 28, 1), /too short/],
    ['blocks of 3 MiB', be32(512 + 32, 3 << 20), /blocks of/],
    ['blocks of 256 bytes', be32(512 + 32, 256), /blocks of/],
    ['a block beyond the file', be32(512 + 1024, 0x00ffffff), /cut short/],
    ['no cylinders', at((bytes) => bytes.writeUInt16BE(0, 56)), /no bytes/],
    ['a disk over 2040 GiB', all(put(28, 'win '), be64(48, 1n << 42n)), /2040 GiB/],
    ['a disk of 2^63 - 1 bytes', all(put(28, 'win '), be64(48, huge)), /beyond any disk/],
    ['an odd size', (bytes) => Buffer.concat([bytes, Buffer.alloc(10)]), /odd place/],
    ['its last block missing', cut(-150_016), /cut short/],
  ]),
  ...asItIs('vpc dynamic', [
    ['a footer of a wrong checksum', u8(100, 1), /checksum of its footer/],
    ['a second header of a wrong checksum', u8(512 + 1000, 1), /checksum of its second header/],
    ['a header cut short', cut(400), /before its header/],
  ]),
  ...sealed('vpc fixed', [
    ['the differencing kind', footer(60, 4), /differencing/],
    ['the dynamic kind', footer(60, 3), /another kind/],
    ['its first half missing', (bytes) => bytes.subarray(bytes.length / 2 - 256), /cut short/],
    ['a second format at its start', put(0, 'QFI\xfb'), /several formats/],
    ['a CD', put(0x8001, 'CD001'), /several formats/],
  ]),
  ...asItIs('vpc fixed', [
    [
      'a footer of a wrong checksum',
      at((bytes) => bytes.writeUInt8(1, bytes.length - 100)),
      /checksum of its footer/,
    ],
  ]),
]
