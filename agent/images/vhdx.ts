import { type Bytes, isZero, must, tableAt, u64le } from './bytes.ts'
import { crc32c } from './crc32c.ts'
import { type Disk, entriesOf, guid, inspectMetadata } from './vhdx-metadata.ts'

const KiB = 1024
const MiB = 1024 ** 2

const allocation = guid('2dc27766-f623-4200-9d64-115e9bfd4a08')
const metadata = guid('8b7ca206-4790-4b9a-b8fe-575f050f886e')
/** States of a block: in the file, and only partly there over a parent's. */
const states = { present: 6, partlyPresent: 7 }

interface Part {
  readonly offset: number
  readonly length: number
}
const isApart = (a: Part, b: Part) => a.offset >= b.offset + b.length || b.offset >= a.offset + a.length

/**
 * A VHDX without a parent and without a log that waits to be replayed.
 *
 * @returns its virtual size in bytes
 * @see MS-VHDX; qemu block/vhdx.c
 */
export const inspectVhdx = async (bytes: Bytes): Promise<number> => {
  const log = await inspectHeaders(bytes)
  const regions = await inspectRegions(bytes)
  const blocks = regions.get(allocation)
  const area = regions.get(metadata)
  must(blocks !== undefined && area !== undefined, 'a region is missing')
  must(regions.size === 2, 'it has a region of an unknown kind')
  const parts = [log, blocks, area]
  for (const { offset, length } of parts) {
    must(offset >= MiB && offset + length <= bytes.size, 'a region is beyond the end of the file')
  }
  must(isApart(log, blocks) && isApart(log, area) && isApart(blocks, area), 'its regions overlap')

  const disk = await inspectMetadata(bytes, area)
  await inspectBlocks(bytes, blocks, disk, parts)
  return disk.size
}

/**
 * Of the two headers that are whole the one with the higher number counts.
 *
 * @returns where its log is
 */
const inspectHeaders = async (bytes: Bytes): Promise<Part> => {
  const both = [await bytes.at(64 * KiB, 4 * KiB), await bytes.at(128 * KiB, 4 * KiB)]
  const whole = both.filter((header) => isWhole(header, 'head') && header.readUInt16LE(66) === 1)
  const number = (header: Buffer) => header.readBigUInt64LE(8)
  const [active, other] = whole.toSorted((a, b) => (number(a) < number(b) ? 1 : -1))
  must(active !== undefined, 'it has no header')
  must(
    other === undefined || number(active) !== number(other) || active.equals(other),
    'its headers contradict each other',
  )
  must(isZero(active.subarray(48, 64)), 'its log waits to be replayed')
  const offset = u64le(active, 72)
  must(active.readUInt16LE(64) === 0 && offset % MiB === 0, 'its log is of an unknown kind')
  return { offset, length: active.readUInt32LE(68) }
}

/** The checksum is in the second four bytes, and made as if they were zeros. */
const isWhole = (part: Buffer, signature: string) => {
  const blank = Buffer.from(part)
  blank.writeUInt32LE(0, 4)
  return part.toString('latin1', 0, 4) === signature && crc32c(blank) === part.readUInt32LE(4)
}

const inspectRegions = async (bytes: Bytes): Promise<ReadonlyMap<string, Part>> => {
  const table = await bytes.at(192 * KiB, 64 * KiB)
  must(isWhole(table, 'regi'), 'its region table is missing, or its checksum is wrong')
  return entriesOf(table, 16, table.readUInt32LE(8), (entry) => ({
    offset: u64le(entry, 16),
    length: entry.readUInt32LE(24),
  }))
}

/** Blocks must lie in the file, apart from what describes them, and be there as a whole or not at all. */
const inspectBlocks = async (bytes: Bytes, region: Part, disk: Disk, taken: readonly Part[]) => {
  const count = Math.ceil(disk.size / disk.block)
  // After so many blocks comes an entry about sectors, which means something only where there is a parent.
  const chunk = (2 ** 23 * 512) / disk.block
  const entries = count + Math.floor((count - 1) / chunk)
  must(entries * 8 <= region.length, 'its block table is too short for its disk')

  const table = await tableAt(bytes, region.offset, entries * 8)
  for (let index = 0; index < table.length / 8; index += 1) {
    if (index % (chunk + 1) === chunk) continue
    const low = table.readUInt32LE(index * 8)
    const state = low & 7
    must(state !== states.partlyPresent && state !== 4, 'a block is of an unknown kind, or needs a parent')
    if (state !== states.present) continue
    const block = {
      offset: table.readUInt32LE(index * 8 + 4) * 2 ** 32 + (low - (low % MiB)),
      length: disk.block,
    }
    must(
      block.offset >= MiB && block.offset + block.length <= bytes.size,
      'a block is beyond the end of the file',
    )
    must(
      taken.every((part) => isApart(block, part)),
      'a block lies in a region',
    )
  }
}
