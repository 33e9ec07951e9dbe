import { type Bytes, isPowerOfTwo, must, u64le } from './bytes.ts'

const KiB = 1024
const MiB = 1024 ** 2

/** A GUID as its bytes lie in the file: the first three groups are little-endian. */
export const guid = (text: string) => {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex')
  bytes.subarray(0, 4).reverse()
  bytes.subarray(4, 6).reverse()
  bytes.subarray(6, 8).reverse()
  return bytes.toString('hex')
}
const fileParameters = guid('caa16737-fa36-4d43-b3b6-33f0aa44e76b')
const virtualDiskSize = guid('2fa54224-cd1b-4876-b211-5dbed83bf4b8')
const logicalSectorSize = guid('8141bf1d-a96f-4709-ba47-f233a8faab5f')
const physicalSectorSize = guid('cda348c7-445d-4471-9cc9-e9885251c556')
const page83 = guid('beca12ab-b2e6-4523-93ef-c309e000c746')
const parentLocator = guid('a8d35f2d-b30b-454d-abf7-d3d84834ab0c')

export interface Disk {
  /** Bytes. */
  readonly size: number
  readonly block: number
}
const hasParent = 2
const isRequired = 4

/**
 * What a VHDX says of the disk in it.
 *
 * @see MS-VHDX 2.6.2; qemu block/vhdx.c vhdx_parse_metadata
 */
export const inspectMetadata = async (
  bytes: Bytes,
  area: { offset: number; length: number },
): Promise<Disk> => {
  must(area.length >= 64 * KiB, 'its metadata is too short')
  const table = await bytes.at(area.offset, 64 * KiB)
  must(table.toString('latin1', 0, 8) === 'metadata', 'its metadata table is missing')
  const items = entriesOf(table, 32, table.readUInt16LE(10), (entry) => ({
    offset: entry.readUInt32LE(16),
    length: entry.readUInt32LE(20),
    required: (entry.readUInt32LE(24) & isRequired) !== 0,
  }))
  must(!items.has(parentLocator), 'it has a parent')
  const unknown = [...items].filter(([id]) => !known.has(id)).map(([, item]) => item)
  must(!unknown.some(({ required }) => required), 'it needs an unknown feature')

  const item = async (id: string, length: number) => {
    const found = items.get(id)
    must(found !== undefined && found.length >= length, 'a fact about its disk is missing')
    const { offset } = found
    must(offset >= 64 * KiB && offset + length <= area.length, 'a fact about its disk is at an odd place')
    return bytes.at(area.offset + offset, length)
  }
  const parameters = await item(fileParameters, 8)
  must((parameters.readUInt32LE(4) & hasParent) === 0, 'it has a parent')
  const block = parameters.readUInt32LE(0)
  must(isPowerOfTwo(block) && block >= MiB && block <= 256 * MiB, `blocks of ${block} bytes are not allowed`)
  must((await item(logicalSectorSize, 4)).readUInt32LE() === 512, 'its sectors are not 512 bytes')
  await item(physicalSectorSize, 4)
  await item(page83, 16)
  const size = u64le(await item(virtualDiskSize, 8), 0)
  must(size > 0 && size % 512 === 0 && size <= 64 * 1024 ** 4, 'the size of its disk is not allowed')
  return { size, block }
}

const known: ReadonlySet<string> = new Set([
  fileParameters,
  virtualDiskSize,
  logicalSectorSize,
  physicalSectorSize,
  page83,
])

/** Entries of 32 bytes that begin with a GUID, behind the head of a table. */
export const entriesOf = <T>(
  table: Buffer,
  headBytes: 16 | 32,
  count: number,
  read: (entry: Buffer) => T,
): ReadonlyMap<string, T> => {
  must(count >= 1 && count <= 2047, `a table of ${count} entries is not allowed`)
  const found = new Map<string, T>()
  for (let index = 0; index < count; index += 1) {
    const entry = table.subarray(headBytes + index * 32, headBytes + (index + 1) * 32)
    const id = entry.toString('hex', 0, 16)
    must(!found.has(id), 'a table says something twice')
    found.set(id, read(entry))
  }
  return found
}
