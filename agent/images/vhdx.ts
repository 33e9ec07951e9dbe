import { type Bytes, isPowerOfTwo, must, u64le } from './bytes.ts'

const KiB = 1024
const MiB = 1024 ** 2

/** A GUID as its bytes lie in the file: the first three groups are little-endian. */
const guid = (text: string) => {
  const hex = text.replaceAll('-', '')
  const bytes = Buffer.from(hex, 'hex')
  return Buffer.concat([
    bytes.subarray(0, 4).reverse(),
    bytes.subarray(4, 6).reverse(),
    bytes.subarray(6, 8).reverse(),
    bytes.subarray(8),
  ]).toString('hex')
}
const allocation = guid('2dc27766-f623-4200-9d64-115e9bfd4a08')
const metadata = guid('8b7ca206-4790-4b9a-b8fe-575f050f886e')
const fileParameters = guid('caa16737-fa36-4d43-b3b6-33f0aa44e76b')
const virtualDiskSize = guid('2fa54224-cd1b-4876-b211-5dbed83bf4b8')
const logicalSectorSize = guid('8141bf1d-a96f-4709-ba47-f233a8faab5f')
const parentLocator = guid('a8d35f2d-b30b-454d-abf7-d3d84834ab0c')

interface Part {
  readonly offset: number
  readonly length: number
}

/**
 * A VHDX without a parent and without a log that waits to be replayed.
 *
 * @returns its virtual size in bytes
 * @see MS-VHDX; qemu block/vhdx.c
 */
export const inspectVhdx = async (bytes: Bytes): Promise<number> => {
  await inspectHeaders(bytes)
  const regions = await table(bytes, 192 * KiB, 'regi', 16, (entry) => ({
    offset: u64le(entry, 16),
    length: entry.readUInt32LE(24),
  }))
  for (const { offset, length } of regions.values()) {
    must(offset >= MiB && offset + length <= bytes.size, 'a region is beyond the end of the file')
  }
  const area = regions.get(metadata)
  must(area !== undefined && regions.has(allocation), 'a region is missing')

  const items = await table(bytes, area.offset, 'metadata', 32, (entry) => ({
    offset: area.offset + entry.readUInt32LE(16),
    length: entry.readUInt32LE(20),
  }))
  must(!items.has(parentLocator), 'it has a parent')
  return virtualSizeOf(bytes, items)
}

const virtualSizeOf = async (bytes: Bytes, items: ReadonlyMap<string, Part>) => {
  const item = async (id: string, length: number) => {
    const part = items.get(id)
    must(part !== undefined && part.length >= length, 'a fact about its disk is missing')
    return bytes.at(part.offset, length)
  }
  const parameters = await item(fileParameters, 8)
  must((parameters.readUInt32LE(4) & 2) === 0, 'it has a parent')
  const block = parameters.readUInt32LE(0)
  must(isPowerOfTwo(block) && block >= MiB && block <= 256 * MiB, `blocks of ${block} bytes are not allowed`)
  must((await item(logicalSectorSize, 4)).readUInt32LE() === 512, 'its sectors are not 512 bytes')
  const size = u64le(await item(virtualDiskSize, 8), 0)
  must(size > 0 && size % 512 === 0 && size <= 64 * 1024 ** 4, 'the size of its disk is not allowed')
  return size
}

/** Of the two headers the one with the higher number counts; one that was never finished has no signature. */
const inspectHeaders = async (bytes: Bytes) => {
  const headers = await Promise.all([64 * KiB, 128 * KiB].map((offset) => bytes.at(offset, 80)))
  const [active] = headers
    .filter((header) => header.subarray(0, 4).toString('latin1') === 'head')
    .toSorted((a, b) => Number(b.readBigUInt64LE(8) - a.readBigUInt64LE(8)))
  must(active !== undefined, 'it has no header')
  must(
    active.subarray(48, 64).every((byte) => byte === 0),
    'its log waits to be replayed',
  )
}

/**
 * Entries of 32 bytes that begin with a GUID, after a head that says how many there are.
 */
const table = async (
  bytes: Bytes,
  offset: number,
  signature: string,
  headBytes: 16 | 32,
  part: (entry: Buffer) => Part,
): Promise<ReadonlyMap<string, Part>> => {
  const head = await bytes.at(offset, headBytes)
  must(head.subarray(0, signature.length).toString('latin1') === signature, 'a table is missing')
  const count = headBytes === 16 ? head.readUInt32LE(8) : head.readUInt16LE(10)
  must(count >= 1 && count <= 2047, `a table of ${count} entries is not allowed`)
  const entries = await bytes.at(offset + headBytes, count * 32)
  const found = new Map<string, Part>()
  for (let at = 0; at < entries.length; at += 32) {
    const entry = entries.subarray(at, at + 32)
    const id = entry.subarray(0, 16).toString('hex')
    must(!found.has(id), 'a table says something twice')
    found.set(id, part(entry))
  }
  return found
}
