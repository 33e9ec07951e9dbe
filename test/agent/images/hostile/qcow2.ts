import {
  all,
  asItIs,
  at,
  be32,
  be64,
  behind,
  cut,
  type Hostile,
  huge,
  le32,
  put,
  sector,
  u8,
} from './changes.ts'

const qcow2Extension = (kind: number, length = 0) =>
  at((bytes) => {
    const start = bytes.readUInt32BE(100)
    bytes.writeUInt32BE(kind, start)
    bytes.writeUInt32BE(length, start + 4)
  })
const inQcow2 = (pointer: number, change: (bytes: Buffer, offset: number) => unknown) =>
  at((bytes) => change(bytes, Number(bytes.readBigUInt64BE(pointer))))
const firstLevel = (change: (bytes: Buffer, offset: number) => unknown) => inQcow2(40, change)
const references = (change: (bytes: Buffer, offset: number) => unknown) => inQcow2(48, change)

/** What can be wrong with a qcow2. */
export const qcow2Hostile: readonly Hostile[] = [
  ...asItIs('qcow2 3', [
    ['a backing file', all(be64(8, 512n), be32(16, 11), put(512, '/etc/passwd')), /backing file/],
    ['a backing file of no length', be64(8, 512n), /backing file/],
    ['a backing file at no place', be32(16, 11), /backing file/],
    [
      'a backing file given as JSON',
      all(be64(8, 512n), be32(16, 60), put(512, 'json:{"driver":"file","filename":"/etc/passwd"}')),
      /backing file/,
    ],
    ['an external data file', be64(72, 4n), /data file/],
    ['an external data file among allowed features', be64(72, 5n), /data file/],
    ['the name of a data file', qcow2Extension(0x44415441), /data file/],
    ['the format of a backing file', qcow2Extension(0xe2792aca), /backing file/],
    ['a header of an encryption', qcow2Extension(0x0537be77), /encrypted/],
    ['dirty bitmaps', qcow2Extension(0x23852875, 24), /bitmaps/],
    [
      'the name of a data file behind an unknown extension',
      all(qcow2Extension(0x12345678, 5), be32(128, 0x44415441)),
      /data file/,
    ],
    ['an extension beyond its space', qcow2Extension(0x12345678, 0x7fffffff), /longer than the space/],
    ['an extension of 4 GiB', qcow2Extension(0x12345678, 0xffffffff), /longer than the space/],
    ['an end of its extensions that is 2 GiB long', qcow2Extension(0, 0x80000000), /longer than the space/],
    ['snapshots at an odd place', be64(64, 512n), /snapshots are at an odd/],
    ['a disk of 511 bytes', be64(24, 511n), /no bytes/],
    ['a feature nobody knows', be64(72, 1n << 5n), /unknown features/],
    ['the highest feature', be64(72, 1n << 63n), /unknown features/],
    ['the mark of a corrupt image', be64(72, 2n), /corrupt/],
    ['reference counts of 128 bits', be32(96, 7), /too wide/],
    ['a header too short for its version', be32(100, 96), /header of 96/],
    ['a header of an odd length', be32(100, 105), /header of 105/],
    ['a header longer than a cluster', be32(100, 65_544), /header of 65544/],
    ['a compression that is not declared', u8(104, 1), /compression/],
    ['a compression that is declared and not there', be64(72, 8n), /compression/],
    ['encryption by AES', be32(32, 1), /encrypted/],
    ['encryption by LUKS', be32(32, 2), /encrypted/],
    ['internal snapshots', be32(60, 1), /snapshots/],
    ['version 1', be32(4, 1), /version 1/],
    ['version 4', be32(4, 4), /version 4/],
    ['clusters of 256 bytes', be32(20, 8), /clusters of 2\^8 /],
    ['clusters of 4 MiB', be32(20, 22), /clusters of 2\^22 /],
    ['clusters of 2^4294967295 bytes', be32(20, 0xffffffff), /clusters/],
    ['a first-level table beyond the file', be64(40, 1n << 40n), /first-level table is beyond/],
    ['a first-level table at 2^63', be64(40, 1n << 63n), /beyond any disk/],
    [
      'a first-level table within a cluster',
      firstLevel((bytes, offset) => bytes.writeBigUInt64BE(BigInt(offset + 512), 40)),
      /first-level table is at an odd place/,
    ],
    ['a first-level table nowhere', be64(40, 0n), /first-level table is at an odd place/],
    ['a first-level table of 16 GiB', be32(36, 0x80000000), /over 32 MiB/],
    ['a first-level table too short', be64(24, 1n << 50n), /too short/],
    [
      'a second-level table beyond the file',
      firstLevel((bytes, offset) => bytes.writeBigUInt64BE((1n << 63n) | (1n << 50n), offset)),
      /second-level table is beyond/,
    ],
    [
      'a second-level table at an odd place',
      firstLevel((bytes, offset) => bytes.writeBigUInt64BE(512n, offset)),
      /second-level table is at an odd/,
    ],
    ['a disk of 2^64 - 1 bytes', be64(24, (1n << 64n) - 1n), /beyond any disk/],
    ['a disk of 2^63 - 1 bytes', be64(24, huge), /beyond any disk/],
    ['a disk of no bytes', be64(24, 0n), /no bytes/],
    ['a header cut short', cut(60), /before its header/],
    ['the end of its header missing', cut(80), /before its header/],
    ['its tables missing', cut(65_536), /beyond the end/],
    ['its last cluster missing', cut(-150_000), /cut short/],
    ['no table of references', be32(56, 0), /size of its reference table/],
    ['a table of references of 128 TiB', be32(56, 0x80000000), /size of its reference table/],
    ['a table of references beyond the file', be64(48, 1n << 40n), /reference table is beyond/],
    ['a table of references nowhere', be64(48, 0n), /reference table is at an odd/],
    [
      'a table of references within a cluster',
      references((bytes, offset) => bytes.writeBigUInt64BE(BigInt(offset + 512), 48)),
      /reference table is at an odd/,
    ],
    [
      'no references',
      references((bytes, offset) => bytes.writeBigUInt64BE(0n, offset)),
      /counts no references/,
    ],
    [
      'references at an odd place',
      references((bytes, offset) => bytes.writeBigUInt64BE(512n, offset)),
      /reference counts are at an odd/,
    ],
    [
      'references nowhere',
      references((bytes, offset) => bytes.writeBigUInt64BE(5n, offset)),
      /reference counts are at an odd/,
    ],
    [
      'references beyond the file',
      references((bytes, offset) => bytes.writeBigUInt64BE(1n << 62n, offset)),
      /reference counts are beyond/,
    ],
    ['a second format in its tail', behind('conectix'), /several formats/],
    ['a second format in a short last sector', behind('conectix', 100), /several formats/],
    [
      'a second format that is its short last sector',
      (bytes) =>
        Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512), Buffer.from('conectix')]),
      /several formats/,
    ],
    [
      'a second format that is its last 512 bytes',
      (bytes) => Buffer.concat([bytes, Buffer.alloc(7), sector('conectix')]),
      /several formats/,
    ],
    ['a second format within its first sector', le32(0x40, 0xbeda107f), /several formats/],
    ['a disk image of Apple in its tail', behind('koly'), /several formats/],
    ['a CD', put(0x8001, 'CD001'), /several formats/],
  ]),
  ...asItIs('qcow2 2', [
    ['a backing file', all(be64(8, 256n), be32(16, 11), put(256, '/etc/passwd')), /backing file/],
    ['the name of a data file', be32(72, 0x44415441), /data file/],
    ['the format of a backing file', be32(72, 0xe2792aca), /backing file/],
  ]),
  ...asItIs('qcow2 of small clusters', [
    ['subclusters', be64(72, 16n), /too small for subclusters/],
    ['a table of references of 16 MiB', be32(56, 32_768), /size of its reference table/],
  ]),
  ...asItIs('qcow2 of large clusters', [
    [
      'extensions without an end',
      at((bytes) => bytes.fill(1, 112, 65_648).writeUInt32BE(65_528, 116)),
      /have no end/,
    ],
  ]),
  ...asItIs('qcow2 with subclusters', [
    ['a first-level table for twice as large entries', be64(24, 1n << 32n), /too short/],
  ]),
  ...asItIs('qcow2 by zstd', [['a compression nobody knows', u8(104, 9), /compression/]]),
]
