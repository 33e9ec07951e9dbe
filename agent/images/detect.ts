import type { ImageFormat } from '../../lib/agent/protocol.ts'
import { type Bytes, must, refused } from './bytes.ts'

interface Signature {
  readonly name: string
  readonly offset: number
  readonly bytes: Buffer
}

const text = (value: string) => Buffer.from(value, 'latin1')
const start = (name: string, value: string, offset = 0): Signature => ({ name, offset, bytes: text(value) })

/** What formats begin with, those taken and those not. */
const signatures: readonly Signature[] = [
  start('qcow2', 'QFI\xfb'),
  start('vmdk', 'KDMV'),
  start('vhdx', 'vhdxfile'),
  start('vpc', 'conectix'),
  start('vdi', '\x7f\x10\xda\xbe', 0x40),
  start('qed', 'QED\0'),
  start('LUKS', 'LUKS\xba\xbe'),
  start('VMDK of ESX', 'COWD'),
  start('VMDK of ESX', '\xbe\xba\xfe\xca\0\0\0\0'),
  start('Parallels', 'WithoutFreeSpace'),
  start('Parallels', 'WithouFreSpacExt'),
  start('Bochs', 'Bochs Virtual HD Image'),
  start('cloop', '#!/bin/sh\n#V2.0 Format\nmodprobe cloop'),
  start('ISO 9660', 'CD001', 0x8001),
]

/** What formats end with: a sector at the end of the file. */
const trailers: readonly Signature[] = [start('vpc', 'conectix'), start('DMG', 'koly')]

const taken: ReadonlySet<string> = new Set(['qcow2', 'vmdk', 'vhdx', 'vpc', 'vdi'] satisfies ImageFormat[])
const isTaken = (name: string): name is ImageFormat => taken.has(name)

/**
 * The format by content alone. What has no signature is raw; what has two is refused, because two programs
 * would read two disks from it.
 *
 * @throws Refusal `format_refused`
 */
export const detect = async (bytes: Bytes): Promise<ImageFormat> => {
  must(bytes.size > 0, 'it is empty')
  const head = await bytes.at(0, Math.min(bytes.size, 0x8001 + 5))
  const found = new Set(
    signatures
      .filter(({ offset, bytes }) => head.subarray(offset).indexOf(bytes) === 0)
      .map(({ name }) => name),
  )
  if (isDescriptor(head)) found.add('VMDK descriptor')
  if (bytes.size >= 512) {
    const tail = await bytes.at(bytes.size - 512, 512)
    for (const { name, bytes } of trailers) if (tail.indexOf(bytes) === 0) found.add(name)
  }
  const names = [...found]
  must(names.length <= 1, `it is several formats at once: ${names.join(' and ')}`)
  const [name = 'raw'] = names
  if (name === 'raw' || isTaken(name)) return name
  throw refused(`${name} is not a format that is taken`)
}

/**
 * A text file that names other files. qemu takes one for a VMDK also behind comments and blank lines.
 *
 * @see qemu block/vmdk.c vmdk_probe
 */
const isDescriptor = (head: Buffer) => {
  const start = head.subarray(0, 4096).toString('latin1')
  return (
    /^\s*#\s*disk\s*descriptor/i.test(start) || /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*version=\d/i.test(start)
  )
}
