import { type Bytes, must, refused, u64be } from './bytes.ts'

const bits = { dirty: 1n, corrupt: 2n, dataFile: 4n, compressionType: 8n, extendedL2: 16n }
const extensions = { end: 0, backingFormat: 0xe2792aca, dataFile: 0x44415441, encryption: 0x0537be77 }

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

  const headerLength = version === 3 ? await inspectVersion3(bytes, clusterBits) : 72
  await inspectExtensions(bytes, headerLength, cluster)

  const virtualSize = u64be(header, 24)
  must(virtualSize > 0, 'its disk has no bytes')
  const extended = version === 3 && ((await bytes.at(72, 8)).readBigUInt64BE() & bits.extendedL2) !== 0n
  inspectTables(bytes, header, { cluster, virtualSize, entryBytes: extended ? 16 : 8 })
  return Math.ceil(virtualSize / 512) * 512
}

/** What version 3 added to the header. @returns the header's length */
const inspectVersion3 = async (bytes: Bytes, clusterBits: number) => {
  const header = await bytes.at(72, 32)
  const incompatible = header.readBigUInt64BE(0)
  must((incompatible & bits.dataFile) === 0n, 'it has an external data file')
  must((incompatible & bits.corrupt) === 0n, 'it is marked as corrupt')
  const known = bits.dirty | bits.compressionType | bits.extendedL2
  must((incompatible & ~known) === 0n, `it needs unknown features (0x${incompatible.toString(16)})`)
  must(
    (incompatible & bits.extendedL2) === 0n || clusterBits >= 14,
    'its clusters are too small for subclusters',
  )
  must(header.readUInt32BE(24) <= 6, 'its reference counts are too wide')
  const length = header.readUInt32BE(28)
  must(
    length >= 104 && length % 8 === 0 && length <= 2 ** clusterBits,
    `a header of ${length} bytes is not allowed`,
  )
  const compression = length >= 112 ? (await bytes.at(104, 1)).readUInt8() : 0
  const declared = (incompatible & bits.compressionType) !== 0n
  must(compression <= 1 && declared === (compression !== 0), 'its compression is unknown')
  return length
}

/** Extensions follow the header within the first cluster. */
const inspectExtensions = async (bytes: Bytes, start: number, cluster: number) => {
  const end = Math.min(cluster, bytes.size)
  for (let at = start; at + 8 <= end; ) {
    const extension = await bytes.at(at, 8)
    const kind = extension.readUInt32BE(0)
    const length = extension.readUInt32BE(4)
    if (kind === extensions.end) return
    if (kind === extensions.backingFormat) throw refused('it names the format of a backing file')
    if (kind === extensions.dataFile) throw refused('it names an external data file')
    if (kind === extensions.encryption) throw refused('it is encrypted')
    at += 8 + Math.ceil(length / 8) * 8
    must(at <= end, 'a header extension is longer than the first cluster')
  }
}

interface Shape {
  readonly cluster: number
  readonly virtualSize: number
  readonly entryBytes: number
}

/** The first-level tables must lie in the file and be no larger than qemu will take. */
const inspectTables = (bytes: Bytes, header: Buffer, { cluster, virtualSize, entryBytes }: Shape) => {
  const l1Bytes = header.readUInt32BE(36) * 8
  const l1Offset = u64be(header, 40)
  const perL1Entry = (cluster / entryBytes) * cluster
  must(l1Bytes <= 32 * 1024 ** 2, 'its first-level table is over 32 MiB')
  must(l1Bytes / 8 >= Math.ceil(virtualSize / perL1Entry), 'its first-level table is too short for its disk')
  must(l1Offset > 0 && l1Offset % cluster === 0, 'its first-level table is at an odd place')
  must(l1Offset + l1Bytes <= bytes.size, 'its first-level table is beyond the end of the file')

  const refcountOffset = u64be(header, 48)
  const refcountBytes = header.readUInt32BE(56) * cluster
  must(refcountBytes > 0 && refcountBytes <= 8 * 1024 ** 2, 'the size of its reference table is not allowed')
  must(refcountOffset > 0 && refcountOffset % cluster === 0, 'its reference table is at an odd place')
  must(refcountOffset + refcountBytes <= bytes.size, 'its reference table is beyond the end of the file')
}
