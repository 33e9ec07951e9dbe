import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipEntry {
  /** With forward slashes. */
  readonly path: string
  readonly content: Uint8Array
}

/** 1 January 1980, the first day a zip knows: the same content gives the same bytes on any day. */
const DATE = 0x21
const DEFLATED = 8
/** Names are UTF-8. */
const FLAGS = 0x800
/** Version 2.0 is enough to read it; made on a Unix, so that the mode below counts. */
const VERSION = 20
const MADE_BY = (3 << 8) | VERSION
/** A plain file that everybody may read, in the upper half of the attributes: Lambda runs as another user. */
const ATTRIBUTES = 0o100644 * 2 ** 16

const fields = (...values: readonly (readonly [size: 2 | 4, value: number])[]) => {
  const bytes = Buffer.alloc(values.reduce((sum, [size]) => sum + size, 0))
  let at = 0
  for (const [size, value] of values) at = bytes.writeUIntLE(value, at, size)
  return bytes
}

/** Pack files into a zip: a function of their names and bytes only. */
export const zip = (entries: readonly ZipEntry[]): Buffer => {
  const files: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { path, content } of entries) {
    const name = Buffer.from(path)
    const packed = deflateRawSync(content, { level: 9 })
    const common = fields(
      [2, VERSION],
      [2, FLAGS],
      [2, DEFLATED],
      [2, 0],
      [2, DATE],
      [4, crc32(content)],
      [4, packed.length],
      [4, content.length],
      [2, name.length],
      [2, 0],
    )
    directory.push(
      fields([4, 0x02014b50], [2, MADE_BY]),
      common,
      fields([2, 0], [2, 0], [2, 0], [4, ATTRIBUTES], [4, offset]),
      name,
    )
    const file = [fields([4, 0x04034b50]), common, name, packed]
    files.push(...file)
    offset += file.reduce((sum, part) => sum + part.length, 0)
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0)
  const count = entries.length
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0])
  return Buffer.concat([...files, ...directory, end])
}
