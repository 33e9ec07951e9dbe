import type { ImageFormat } from '../../../lib/agent/tasks.ts'
import { withFooter } from './hostile/vmdk.ts'
import { formatOf, type Kind, kinds } from './support.ts'

export type Range = readonly [offset: number, length: number]

/** An image to be changed, and where its headers and the first entries of its tables are. */
export interface Base {
  readonly name: string
  readonly format: ImageFormat
  readonly pristine: Buffer
  readonly places: readonly Range[]
}

const KiB = 1024
const MiB = 1024 ** 2

const inQcow2 = (image: Buffer): readonly Range[] => [
  [0, 112],
  [0, 112],
  [112, 64],
  [Number(image.readBigUInt64BE(40)), 16],
  [Number(image.readBigUInt64BE(48)), 16],
]
const inVmdk = (image: Buffer): readonly Range[] => [
  [0, 80],
  [0, 80],
  [512, 200],
  [Number(image.readBigUInt64LE(56)) * 512, 8],
  [Number(image.readBigUInt64LE(48)) * 512, 8],
]
const inVhdx = (): readonly Range[] => [
  [64 * KiB, 80],
  [128 * KiB, 80],
  [192 * KiB, 80],
  [2 * MiB, 16],
  [3 * MiB, 192],
  [3 * MiB + 64 * KiB, 40],
]
const inVpc = (image: Buffer): readonly Range[] =>
  image.toString('latin1', 0, 8) === 'conectix'
    ? [
        [0, 96],
        [512, 48],
        [576, 704],
        [1536, 8],
      ]
    : [[image.length - 512, 96]]
const inVdi = (): readonly Range[] => [
  [0x40, 16],
  [0x150, 0x80],
  [512, 8],
]
const inRaw = (image: Buffer): readonly Range[] => [
  [0, 128],
  [0x8001, 5],
  [image.length - 512, 8],
]
const places: Readonly<Record<ImageFormat, (image: Buffer) => readonly Range[]>> = {
  raw: inRaw,
  qcow2: inQcow2,
  vmdk: inVmdk,
  vhdx: inVhdx,
  vpc: inVpc,
  vdi: inVdi,
}

/** Every kind of image, a stream with its header at the end, and a plain disk. */
export const basesOf = (images: Readonly<Record<Kind, Buffer>>): readonly Base[] => {
  const stream = Buffer.from(images['vmdk stream'])
  const footed = withFooter()(stream) ?? stream
  const disk = Buffer.alloc(40_960)
  disk.writeUInt16LE(0xaa55, 510)
  const footers: readonly Range[] = [
    [0, 80],
    [footed.length - 1536, 16],
    [footed.length - 1024, 80],
    [footed.length - 512, 16],
  ]
  return [
    ...kinds.map((kind): Base => {
      const pristine = images[kind]
      const format = formatOf(kind)
      return { name: kind, format, pristine, places: places[format](pristine) }
    }),
    { name: 'vmdk stream with a footer', format: 'vmdk', pristine: footed, places: footers },
    { name: 'a plain disk', format: 'raw', pristine: disk, places: inRaw(disk) },
  ]
}
