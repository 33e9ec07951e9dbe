import type { ImageFormat } from '../../lib/agent/tasks.ts'
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
const headBytes = 0x8001 + 5

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
  const head = await bytes.at(0, Math.min(bytes.size, headBytes))
  const found = new Set([...namesAt(signatures, head), ...(await trailerNames(bytes))])
  if (isDescriptor(head)) found.add('VMDK descriptor')
  const names = [...found]
  must(names.length <= 1, `it is several formats at once: ${names.join(' and ')}`)
  const [name = 'raw'] = names
  if (name === 'raw' || isTaken(name)) return name
  throw refused(`${name} is not a format that is taken`)
}

const namesAt = (candidates: readonly Signature[], place: Buffer) =>
  candidates
    .filter(({ offset, bytes }) => place.subarray(offset, offset + bytes.length).equals(bytes))
    .map(({ name }) => name)

/** Where the last sector is short, programs differ in what is the last one. */
const trailerNames = async ({ size, at }: Bytes) => {
  const length = Math.min(size, 512 + (size % 512))
  const tail = await at(size - length, length)
  return [0, size % 512, 512].flatMap((offset) => namesAt(trailers, tail.subarray(offset)))
}

/**
 * A text file that names other files. qemu takes one for a VMDK also behind comments and blank lines.
 *
 * @see qemu block/vmdk.c vmdk_probe
 */
const isDescriptor = (head: Buffer) => {
  const lines = head.subarray(0, 4096).toString('latin1').split('\n', 4096)
  for (const line of lines.map((line) => line.trim().toLowerCase())) {
    if (line.startsWith('#') && line.replaceAll(/\s/g, '').startsWith('#diskdescriptor')) return true
    if (line !== '' && !line.startsWith('#'))
      return /^(?:version|encoding|cid|parentcid|createtype) *=/.test(line)
  }
  return false
}
