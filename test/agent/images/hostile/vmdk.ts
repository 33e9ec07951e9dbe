import {
  all,
  asItIs,
  at,
  atEnd,
  behind,
  type Change,
  cut,
  descriptor,
  type Hostile,
  huge,
  le16,
  le32,
  le64,
  put,
  swap,
} from './changes.ts'

/** As other programs write streams: the directory is found through a copy of the header at the end. */
export const withFooter =
  (
    change: (footer: { marker: Buffer; header: Buffer; last: Buffer }) => unknown = () => {},
    odd = 0,
  ): Change =>
  (bytes) => {
    const parts = {
      marker: Buffer.alloc(512),
      header: Buffer.from(bytes.subarray(0, 512)),
      last: Buffer.alloc(512),
    }
    parts.marker.writeUInt32LE(3, 12)
    change(parts)
    bytes.writeBigUInt64LE(atEnd, 56)
    const padding = Buffer.alloc(((512 - (bytes.length % 512)) % 512) + odd)
    return Buffer.concat([bytes, padding, parts.marker, parts.header, parts.last])
  }
const inVmdk = (pointer: number, change: (bytes: Buffer, offset: number) => unknown) =>
  at((bytes) => change(bytes, Number(bytes.readBigUInt64LE(pointer)) * 512))

/** What can be wrong with a VMDK. */
export const vmdkHostile: readonly Hostile[] = [
  ...asItIs('vmdk', [
    ['a parent', swap('parentCID=ffffffff', 'parentCID=12345678'), /has a parent/],
    ['a parent behind spaces', swap('parentCID=ffffffff', 'parentCID= 1234567'), /has a parent/],
    [
      'a parent of nine digits',
      descriptor((text) => text.replace('=ffffffff', '=ffffffff0')),
      /has a parent/,
    ],
    ['a second parent behind its descriptor', put(9000, 'parentCID=12345678'), /has a parent/],
    ['a hint to a parent', swap('# The Disk Data Base', 'parentFileNameHint=x'), /names a parent/],
    [
      'a hint to a parent behind its descriptor',
      put(9000, 'parentFileNameHint="/etc/passwd"'),
      /names a parent/,
    ],
    ['no word of who it is', swap('CID=', 'cid?'), /who it is/],
    ['two words of who it is', descriptor((text) => text.replace('CID=', 'CID==\nCID=')), /who it is/],
    ['no word of its parent', descriptor((text) => text.replace('parentCID', 'parentage')), /who it is/],
    ['an extent elsewhere', swap('SPARSE "', 'FLAT "/x'), /extent/],
    [
      'an extent in another folder',
      descriptor((text) => text.replace(/"vmdk"/, '"../x.vmdk"')),
      /in this very file/,
    ],
    [
      'an extent in another folder of Windows',
      descriptor((text) => text.replace('"vmdk"', '"C:\\x.vmdk"')),
      /in this very file/,
    ],
    [
      'an extent of a device',
      descriptor((text) => text.replace(/SPARSE "vmdk"/, 'VMFSRDM "sda"')),
      /in this very file/,
    ],
    [
      'two extents',
      descriptor((text) => text.replace(/RW .*\n/, '$&RW 1 FLAT "/etc/passwd" 0\n')),
      /2 extents/,
    ],
    ['no extent', descriptor((text) => text.replace(/RW .*\n/, '')), /0 extents/],
    ['an extent of another size', descriptor((text) => text.replace('RW 16384', 'RW 99')), /differ in size/],
    ['several files', swap('monolithicSparse', 'twoGbMaxExtentSp'), /twoGbMaxExtentSp is not taken/],
    [
      'a flat file',
      descriptor((text) => text.replace('monolithicSparse', 'monolithicFlat')),
      /monolithicFlat is not taken/,
    ],
    [
      'the name of an inherited property',
      descriptor((text) => text.replace('monolithicSparse', 'constructor')),
      /constructor is not taken/,
    ],
    ['two kinds', descriptor((text) => `${text}createType="monolithicFlat"\n`), /say once what/],
    [
      'a compression its descriptor does not know of',
      descriptor((text) => text.replace('monolithicSparse', 'streamOptimized')),
      /differ in compression/,
    ],
    ['no capacity', le64(12, 0n), /no bytes/],
    ['a capacity of 2^63 - 1 sectors', le64(12, huge), /beyond any disk/],
    ['a capacity of 2^53 - 1 sectors', le64(12, (1n << 53n) - 1n), /directory is over/],
    ['version 0', le32(4, 0), /version 0/],
    ['version 4', le32(4, 4), /version 4/],
    ['grains of no sectors', le64(20, 0n), /grains of 0/],
    ['grains of 3 sectors', le64(20, 3n), /grains of 3/],
    ['grains of 1 GiB', le64(20, 0x200000n), /grains of/],
    ['its descriptor elsewhere', le64(28, 64n), /descriptor is at an odd/],
    ['its descriptor nowhere', le64(28, 0n), /descriptor is at an odd/],
    ['a descriptor of 1 MiB', le64(36, 2048n), /size of its descriptor/],
    ['no descriptor', le64(36, 0n), /size of its descriptor/],
    ['grain tables of no entries', le32(44, 0), /tables of 0/],
    ['grain tables of 2^32 - 1 entries', le32(44, 0xffffffff), /grain tables of/],
    ['a directory beyond the file', le64(56, 1n << 40n), /directory is beyond/],
    ['a directory nowhere', le64(56, 0n), /directory is beyond/],
    ['a second directory beyond the file', le64(48, 1n << 40n), /directory is beyond/],
    [
      'a grain table beyond the file',
      inVmdk(56, (bytes, offset) => bytes.writeUInt32LE(0xffffffff, offset)),
      /grain table is beyond/,
    ],
    [
      'a second grain table beyond the file',
      inVmdk(48, (bytes, offset) => bytes.writeUInt32LE(0xffffffff, offset)),
      /grain table is beyond/,
    ],
    ['a compression nobody knows', le16(77, 2), /compression/],
    ['a compression that is not declared', le16(77, 1), /compression/],
    ['its data beyond the file', le64(64, 1n << 40n), /cut short/],
    ['its tables missing', cut(12_000), /beyond the end|cut short/],
    ['a header cut short', cut(300), /before its header/],
    ['a second format in its tail', behind('conectix'), /several formats/],
  ]),
  ...asItIs('vmdk stream', [
    ['a footer of another capacity', withFooter(({ header }) => header.writeBigUInt64LE(99n, 12)), /differ/],
    [
      'a footer without compression',
      withFooter(({ header }) => header.fill(0, 77, 79).writeUInt32LE(3, 8)),
      /differ/,
    ],
    ['a footer of no capacity', withFooter(({ header }) => header.writeBigUInt64LE(0n, 12)), /no bytes/],
    [
      'a footer with its directory beyond the file',
      withFooter(({ header }) => header.writeBigUInt64LE(1n << 40n, 56)),
      /directory is beyond/,
    ],
    [
      'a footer with its directory at the end',
      withFooter(({ header }) => header.writeBigUInt64LE(atEnd, 56)),
      /nowhere/,
    ],
    [
      'a footer behind no marker',
      withFooter(({ marker }) => marker.writeUInt32LE(2, 12)),
      /footer is missing/,
    ],
    [
      'a footer behind a marker of a size',
      withFooter(({ marker }) => marker.writeUInt32LE(512, 8)),
      /footer is missing/,
    ],
    ['a footer before no end', withFooter(({ last }) => last.writeUInt32LE(1, 12)), /footer is missing/],
    ['a footer without a signature', withFooter(({ header }) => header.fill(0, 0, 4)), /footer is missing/],
    [
      'a footer and more behind it',
      all(withFooter(), (bytes) => Buffer.concat([bytes, Buffer.alloc(100)])),
      /footer is missing/,
    ],
    ['a promise of a footer', le64(56, atEnd), /footer is missing/],
    ['a promise of a footer, in 1 KiB', all(le64(56, atEnd), le64(64, 0n), cut(1024)), /footer is missing/],
    [
      'no compression in its descriptor',
      descriptor((text) => text.replace('streamOptimized', 'monolithicSparse')),
      /differ in compression/,
    ],
    ['a footer at an odd place', withFooter(undefined, 100), /footer is missing/],
  ]),
]
