import { type Bytes, isPowerOfTwo, must, u64le } from './bytes.ts'

const sector = 512
/** qemu reads a descriptor inside the image from here, and so much of it. */
const descriptorAt = 512
const descriptorBytes = 20 * 512
const atEnd = 0xffffffffffffffffn

/**
 * A VMDK that is one sparse file with its descriptor inside, and has no parent.
 *
 * @returns its virtual size in bytes
 * @see VMware Virtual Disk Format 5.0; qemu block/vmdk.c vmdk_open_vmdk4
 */
export const inspectVmdk = async (bytes: Bytes): Promise<number> => {
  const header = await bytes.at(0, sector)
  const capacity = inspectHeader(header, bytes)
  if (header.readBigUInt64LE(56) === atEnd) {
    // The header at the end of the file is the one that counts then.
    must(bytes.size >= 3 * sector && bytes.size % sector === 0, 'its footer is missing')
    const footer = await bytes.at(bytes.size - 2 * sector, sector)
    must(footer.subarray(0, 4).toString('latin1') === 'KDMV', 'its footer is missing')
    must(footer.readBigUInt64LE(56) !== atEnd, 'its grain directory is nowhere')
    must(inspectHeader(footer, bytes) === capacity, 'its header and footer differ')
  }
  const length = Math.min(descriptorBytes, bytes.size - descriptorAt)
  inspectDescriptor((await bytes.at(descriptorAt, length)).toString('latin1'), capacity)
  return capacity * sector
}

/** @returns the capacity in sectors */
const inspectHeader = (header: Buffer, bytes: Bytes) => {
  const version = header.readUInt32LE(4)
  must(version >= 1 && version <= 3, `version ${version} of VMDK is unknown`)
  const capacity = u64le(header, 12)
  // With none, qemu takes the text inside for a descriptor, which may name other files.
  must(capacity > 0, 'its disk has no bytes')
  const grain = u64le(header, 20)
  must(grain >= 1 && grain <= 0x200000 && isPowerOfTwo(grain), `grains of ${grain} sectors are not allowed`)
  must(u64le(header, 28) === 1, 'its descriptor is at an odd place')
  const descriptorSectors = u64le(header, 36)
  must(descriptorSectors >= 1 && descriptorSectors <= 20, 'the size of its descriptor is not allowed')
  const entries = header.readUInt32LE(44)
  must(entries >= 1 && entries <= 512, `grain tables of ${entries} entries are not allowed`)
  const compressed = (header.readUInt32LE(8) & 0x10000) !== 0
  must(!compressed || header.readUInt16LE(77) === 1, 'its compression is unknown')

  const directoryBytes = Math.ceil(capacity / (grain * entries)) * 4
  must(directoryBytes <= 32 * 1024 ** 2, 'its grain directory is over 32 MiB')
  if (header.readBigUInt64LE(56) !== atEnd) {
    must(
      u64le(header, 56) * sector + directoryBytes <= bytes.size,
      'its grain directory is beyond the end of the file',
    )
  }
  return capacity
}

const inspectDescriptor = (area: string, capacity: number) => {
  // qemu looks through the whole area for these, not only through the text's lines.
  must(!area.includes('parentFileNameHint'), 'it names a parent')
  const parents = [...area.matchAll(/parentCID\s*=\s*"?([0-9a-z]+)/gi)].map(([, id]) => id?.toLowerCase())
  must(
    parents.every((id) => id === 'ffffffff'),
    'it has a parent',
  )

  const [text = ''] = area.split('\0')
  const kinds = [...text.matchAll(/createType\s*=\s*"([^"]*)"/gi)].map(([, kind]) => kind)
  must(kinds.length === 1, 'its descriptor does not say once what it is')
  must(
    kinds[0] === 'monolithicSparse' || kinds[0] === 'streamOptimized',
    `VMDK of kind ${kinds[0]} is not taken`,
  )

  const extents = text.split(/\r?\n/).filter((line) => /^\s*(?:RW|RDONLY|NOACCESS)\b/i.test(line))
  must(extents.length === 1, `it has ${extents.length} extents, not one`)
  const [, sectors, name] = /^\s*(?:RW|RDONLY)\s+(\d+)\s+SPARSE\s+"([^"]+)"\s*$/.exec(extents[0] ?? '') ?? []
  must(name !== undefined && !/[/\\]/.test(name), 'its extent is not a sparse one in this very file')
  must(Number(sectors) === capacity, 'its extent and its header differ in size')
}
