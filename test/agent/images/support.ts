import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bytes, must } from '../../../agent/images/bytes.ts'
import { crc32c } from '../../../agent/images/crc32c.ts'
import type { ImageFormat } from '../../../lib/agent/tasks.ts'
import { MiB, noise, qemuImg } from '../support.ts'

/** Bytes that are not in a file, and how many of them were asked for. */
export const memory = (content: Buffer, size = content.length) => {
  const read = { bytes: 0 }
  const bytes: Bytes = {
    size,
    at: async (offset, length) => {
      if (!Number.isInteger(length) || Number.isNaN(offset)) throw new Error(`read(${offset}, ${length})`)
      must(offset >= 0 && length >= 0 && offset + length <= size, 'it ends before its header does')
      read.bytes += length
      return content.subarray(offset, offset + length)
    },
  }
  return { bytes, read }
}

/** A disk with data at its start and in its middle. */
export const makeContent = async (folder: string, name = 'content', size = 8 * MiB) => {
  const content = Buffer.alloc(size)
  noise(100_000).copy(content)
  noise(100_000).copy(content, (size / 8) * 5)
  const file = join(folder, name)
  await writeFile(file, content)
  return file
}

const recipes = {
  'qcow2 2': ['qcow2', '-o', 'compat=0.10'],
  'qcow2 3': ['qcow2'],
  'qcow2 of small clusters': ['qcow2', '-o', 'cluster_size=512'],
  'qcow2 of large clusters': ['qcow2', '-o', 'cluster_size=2M'],
  'qcow2 with subclusters': ['qcow2', '-o', 'extended_l2=on'],
  'qcow2 by zstd': ['qcow2', '-c', '-o', 'compression_type=zstd'],
  vmdk: ['vmdk'],
  'vmdk stream': ['vmdk', '-o', 'subformat=streamOptimized'],
  vhdx: ['vhdx', '-o', 'block_size=1M'],
  'vpc dynamic': ['vpc'],
  'vpc fixed': ['vpc', '-o', 'subformat=fixed,force_size=on'],
  'vdi dynamic': ['vdi'],
  'vdi static': ['vdi', '-o', 'static=on'],
} as const
export type Kind = keyof typeof recipes
export const kinds = Object.keys(recipes) as Kind[]
export const formatOf = (kind: Kind): ImageFormat => recipes[kind][0]

/** One image of each kind, made by the real program. */
export const makeImages = async (folder: string, size?: number): Promise<Readonly<Record<Kind, Buffer>>> => {
  const content = await makeContent(folder, 'content', size)
  const made = kinds.map(async (kind) => {
    const [format, ...options] = recipes[kind]
    const file = join(folder, kind)
    qemuImg('convert', '-f', 'raw', '-O', format, ...options, content, file)
    return [kind, await readFile(file)]
  })
  return Object.fromEntries(await Promise.all(made))
}

export const qemuInfo = (format: ImageFormat, file: string): { 'virtual-size': number } =>
  JSON.parse(qemuImg('info', '-f', format, '--output=json', file))

const sum = (bytes: Buffer) => bytes.reduce((total, byte) => total + byte, 0)
const sealSum = (part: Buffer, at: number) => {
  part.writeUInt32BE(0, at)
  part.writeUInt32BE(~sum(part) >>> 0, at)
}
const sealCrc = (part: Buffer) => {
  part.writeUInt32LE(0, 4)
  part.writeUInt32LE(crc32c(part), 4)
}
type Seal = readonly [offset: number, length: number, make: (part: Buffer) => void]

const sealsOf = (format: ImageFormat, bytes: Buffer): readonly Seal[] => {
  const has = (word: string, at: number) => bytes.toString('latin1', at, at + word.length) === word
  if (format === 'vpc') {
    return [
      ...[0, bytes.length - 512]
        .filter((at) => at >= 0 && has('conectix', at))
        .map((at): Seal => [at, 512, (part) => sealSum(part, 64)]),
      ...(has('cxsparse', 512) ? [[512, 1024, (part) => sealSum(part, 36)] satisfies Seal] : []),
    ]
  }
  if (format !== 'vhdx') return []
  return [
    [64 * 1024, 4096, sealCrc],
    [128 * 1024, 4096, sealCrc],
    [192 * 1024, 64 * 1024, sealCrc],
  ]
}

/**
 * Make the checksums right again after a change, as who means harm would.
 *
 * @returns what was written to
 */
export const seal = (format: ImageFormat, bytes: Buffer) => {
  const seals = sealsOf(format, bytes).filter(([at, length]) => at + length <= bytes.length)
  for (const [at, length, make] of seals) make(bytes.subarray(at, at + length))
  return seals.map(([at, length]) => [at, length] as const)
}
