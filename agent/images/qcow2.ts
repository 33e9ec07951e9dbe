import { type Bytes, must, refused, u64be } from './bytes.ts'
import { inspectFirstLevel, inspectReferences } from './qcow2-tables.ts'

const bits = { dirty: 1n, corrupt: 2n, dataFile: 4n, compressionType: 8n, extendedL2: 16n }
const extensions = {
  end: 0,
  backingFormat: 0xe2792aca,
  dataFile: 0x44415441,
  encryption: 0x0537be77,
  bitmaps: 0x23852875,
}
/** Extensions are a few hundred bytes; with the largest clusters there is room for 2 MiB of them. */
const mostExtensions = 64 * 1024

/** What the tables of an image are measured by. */
export interface Shape {
  readonly cluster: number
  readonly diskBytes: number
  /** Bytes of an entry of a second-level table. */
  readonly entryBytes: 8 | 16
  /** Bits of a reference count. */
  readonly countBits: number
  /** Not closed properly: its reference counts may be behind. */
  readonly dirty: boolean
}

/**
 * A qcow2 of one file, without a past: nothing in it may name or need anything else.
 *
 * @returns its virtual size in bytes
 * @see qemu docs/interop/qcow2.txt
 */
export const inspectQcow2 = async (bytes: Bytes): Promise<number> => {
  const header = await bytes.at(0, 72)
  const version = header.readUInt32BE(4)
  must(version === 2 || version === 3, `version ${version} of qcow2 is unknown`)
  must(header.readBigUInt64BE(8) === 0n && header.readUInt32BE(16) === 0, 'it has a backing file')
  must(header.readUInt32BE(32) === 0, 'it is encrypted')
  must(header.readUInt32BE(60) === 0, 'it has internal snapshots')

  const clusterBits = header.readUInt32BE(20)
  must(clusterBits >= 9 && clusterBits <= 21, `clusters of 2^${clusterBits} bytes are not allowed`)
  const cluster = 2 ** clusterBits
  must(u64be(header, 64) % cluster === 0, 'its snapshots are at an odd place')
  const diskBytes = u64be(header, 24)
  must(diskBytes >= 512, 'its disk has no bytes')

  const { headerBytes, ...more } = version === 3 ? await inspectVersion3(bytes, clusterBits) : version2
  await inspectExtensions(bytes, headerBytes, cluster)
  const shape = { cluster, diskBytes, ...more }
  await inspectFirstLevel(bytes, header, shape)
  await inspectReferences(bytes, header, shape)
  // qemu leaves out a last sector that is short.
  return diskBytes - (diskBytes % 512)
}

type Version = Omit<Shape, 'cluster' | 'diskBytes'> & { readonly headerBytes: number }
const version2: Version = { headerBytes: 72, entryBytes: 8, countBits: 16, dirty: false }

/** What version 3 added to the header. */
const inspectVersion3 = async (bytes: Bytes, clusterBits: number): Promise<Version> => {
  const header = await bytes.at(72, 32)
  const incompatible = header.readBigUInt64BE(0)
  const has = (bit: bigint) => (incompatible & bit) !== 0n
  must(!has(bits.dataFile), 'it has an external data file')
  must(!has(bits.corrupt), 'it is marked as corrupt')
  const known = bits.dirty | bits.compressionType | bits.extendedL2
  must(!has(~known), `it needs unknown features (0x${incompatible.toString(16)})`)
  must(!has(bits.extendedL2) || clusterBits >= 14, 'its clusters are too small for subclusters')

  const order = header.readUInt32BE(24)
  must(order <= 6, 'its reference counts are too wide')
  const headerBytes = header.readUInt32BE(28)
  must(
    headerBytes >= 104 && headerBytes % 8 === 0 && headerBytes <= 2 ** clusterBits,
    `a header of ${headerBytes} bytes is not allowed`,
  )
  const compression = headerBytes >= 112 ? (await bytes.at(104, 1)).readUInt8() : 0
  must(compression <= 1 && has(bits.compressionType) === (compression !== 0), 'its compression is unknown')
  const entryBytes = has(bits.extendedL2) ? 16 : 8
  return { headerBytes, entryBytes, countBits: 2 ** order, dirty: has(bits.dirty) }
}

/** Extensions follow the header within the first cluster. */
const inspectExtensions = async (bytes: Bytes, start: number, cluster: number) => {
  const end = Math.min(cluster, start + mostExtensions, bytes.size)
  const area = await bytes.at(start, Math.max(0, end - start))
  for (let at = 0; at + 8 <= area.length; ) {
    const kind = area.readUInt32BE(at)
    const next = at + 8 + Math.ceil(area.readUInt32BE(at + 4) / 8) * 8
    must(next <= area.length, 'a header extension is longer than the space for it')
    if (kind === extensions.end) return
    if (kind === extensions.backingFormat) throw refused('it names the format of a backing file')
    if (kind === extensions.dataFile) throw refused('it names an external data file')
    if (kind === extensions.encryption) throw refused('it is encrypted')
    if (kind === extensions.bitmaps)
      throw refused('it holds dirty bitmaps, which belong to where it was used')
    at = next
  }
  must(end === cluster, 'its header extensions have no end')
}
