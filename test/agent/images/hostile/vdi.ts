import { asItIs, cut, type Hostile, huge, le32, le64, put } from './changes.ts'

/** What can be wrong with a VDI. */
export const vdiHostile: readonly Hostile[] = [
  ...asItIs('vdi dynamic', [
    ['a parent', le32(0x1b8, 1), /has a parent/],
    ['a link', le32(0x1a8, 1), /has a parent/],
    ['the differencing kind', le32(0x4c, 4), /differencing/],
    ['the undoable kind', le32(0x4c, 3), /unknown kind/],
    ['version 0', le32(0x44, 1), /version 0x1 /],
    ['sectors of 4 KiB', le32(0x168, 4096), /not 512 bytes/],
    ['blocks of 512 bytes', le32(0x178, 512), /blocks of 512/],
    ['blocks with more than data', le32(0x17c, 512), /besides data/],
    ['a block map of 16 GiB', le32(0x180, 0xffffffff), /over 32 MiB/],
    ['a block map too short', le64(0x170, 1n << 45n), /too short/],
    ['a disk of 2^63 - 1 bytes', le64(0x170, huge), /beyond any disk/],
    ['a disk of no bytes', le64(0x170, 0n), /too short/],
    ['a block map beyond the file', le32(0x154, 0x7ffffe00), /map is beyond/],
    ['a block map over its header', le32(0x154, 0), /map is at an odd/],
    ['a block map at an odd place', le32(0x154, 513), /map is at an odd/],
    ['its data at an odd place', le32(0x158, 1025), /data is at an odd/],
    ['its data over its map', le32(0x158, 512), /data is at an odd/],
    ['more blocks than its map', le32(0x184, 1000), /more blocks/],
    ['its last block missing', cut(-1024), /cut short/],
    ['a header cut short', cut(400), /before its header/],
    ['a second format at its start', put(0, 'KDMV'), /several formats/],
  ]),
]
