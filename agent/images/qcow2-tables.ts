import { type Bytes, lastNonZero, must, tableAt, u64be } from './bytes.ts'
import type { Shape } from './qcow2.ts'

const MiB = 1024 ** 2

/** The first-level table, and every second-level table it names, must lie in the file. */
export const inspectFirstLevel = async (bytes: Bytes, header: Buffer, shape: Shape) => {
  const { cluster, diskBytes, entryBytes } = shape
  const length = header.readUInt32BE(36) * 8
  const offset = u64be(header, 40)
  const perEntry = (cluster / entryBytes) * cluster
  must(length <= 32 * MiB, 'its first-level table is over 32 MiB')
  must(length / 8 >= Math.ceil(diskBytes / perEntry), 'its first-level table is too short for its disk')
  must(offset > 0 && offset % cluster === 0, 'its first-level table is at an odd place')
  must(offset + length <= bytes.size, 'its first-level table is beyond the end of the file')

  const table = await tableAt(bytes, offset, length)
  const last = lastNonZero(table)
  for (let index = 0; index * 8 <= last; index += 1) {
    const second = offsetIn(table, index, 0x00ffffff)
    must(second % cluster === 0, 'a second-level table is at an odd place')
    must(second + cluster <= bytes.size, 'a second-level table is beyond the end of the file')
  }
}

/**
 * The table of reference counts must lie in the file, and the last cluster that is counted too: where it does
 * not, the file was cut short, and zeros would be read for what is missing.
 */
export const inspectReferences = async (bytes: Bytes, header: Buffer, shape: Shape) => {
  const { cluster, countBits, dirty } = shape
  const length = header.readUInt32BE(56) * cluster
  const offset = u64be(header, 48)
  must(length > 0 && length <= 8 * MiB, 'the size of its reference table is not allowed')
  must(offset > 0 && offset % cluster === 0, 'its reference table is at an odd place')
  must(offset + length <= bytes.size, 'its reference table is beyond the end of the file')

  const table = await tableAt(bytes, offset, length)
  const last = Math.floor(lastNonZero(table) / 8)
  must(last >= 0, 'it counts no references')
  const block = offsetIn(table, last, 0xffffffff)
  must(block > 0 && block % cluster === 0, 'its reference counts are at an odd place')
  must(block + cluster <= bytes.size, 'its reference counts are beyond the end of the file')
  const used = Math.floor((lastNonZero(await bytes.at(block, cluster)) * 8) / countBits)
  const lastCluster = last * ((cluster * 8) / countBits) + used
  must(dirty || lastCluster * cluster < bytes.size, 'it was cut short: its last cluster is missing')
}

/** An entry without its flags, which are the lowest nine bits and those of the high half that are not asked for. */
const offsetIn = (table: Buffer, index: number, highBits: number) => {
  const low = table.readUInt32BE(index * 8 + 4)
  return ((table.readUInt32BE(index * 8) & highBits) >>> 0) * 2 ** 32 + (low - (low % 512))
}
