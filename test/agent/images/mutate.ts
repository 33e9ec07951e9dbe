import type { ImageFormat } from '../../../lib/agent/tasks.ts'
import { type Base, basesOf, type Range } from './bases.ts'
import { type Numbers, numbersFrom } from './numbers.ts'
import { type Kind, seal } from './support.ts'

const signatures = [
  'QFI\xfb',
  'KDMV',
  'vhdxfile',
  'conectix',
  '\x7f\x10\xda\xbe',
  'QED\0',
  'LUKS\xba\xbe',
  'COWD',
  'koly',
  'CD001',
]
const texts = [
  'parentCID=12345678\n',
  'parentFileNameHint="/etc/hostname"\n',
  'RW 1 FLAT "/etc/hostname" 0\n',
  'createType="monolithicFlat"\n',
  'json:{"driver":"file"}',
  '# Disk DescriptorFile\nversion=1\n',
]
/** Header extensions of qcow2: kind, length, content. */
const extensions = [
  'e2792aca00000003726177',
  '44415441000000052f64657600',
  '0537be7700000010',
  '2385287500000018',
  '6803f85700000030',
  '1234567800000007',
]
const powers = [0n, 1n, 3n, 9n, 12n, 16n, 20n, 31n, 32n, 52n, 53n, 62n, 63n, 64n].map((bits) => 1n << bits)

/** A number on an edge, or near what it was. */
const otherNumber = ({ below, pick }: Numbers, was: bigint, width: number, size: number): bigint =>
  pick([
    pick(powers) - BigInt(below(2)),
    pick(powers) + BigInt(below(2)),
    BigInt(pick([size, size - 512, Math.floor(size / 512)]) + below(3) - 1),
    was + BigInt(below(5) - 2),
    was + BigInt((below(3) - 1) * 512),
    was << 1n,
    was >> 1n,
    1n << BigInt(below(width * 8)),
    BigInt(below(2 ** 32)),
    0n,
  ])

/** An image while it is changed. */
interface Draft {
  readonly base: Base
  readonly work: Buffer
  readonly touched: Range[]
  size: number
}
type Change = (draft: Draft, numbers: Numbers) => void

/** Room for bytes at one of the places that matter. */
const place = ({ base, touched }: Draft, { below, pick }: Numbers, length: number, align = 1) => {
  const [offset, room] = pick(base.places)
  const at = Math.max(0, Math.min(offset + below(room), base.pristine.length - length))
  const aligned = at - (at % align)
  touched.push([aligned, length])
  return aligned
}
const put = (draft: Draft, numbers: Numbers, bytes: Buffer) =>
  bytes.copy(draft.work, place(draft, numbers, bytes.length))

const changeNumber: Change = (draft, numbers) => {
  const { work, size } = draft
  const width = numbers.pick([1, 2, 4, 4, 8, 8])
  const big = numbers.pick([true, false])
  const at = place(draft, numbers, width, numbers.pick([1, 4, 4, 4]))
  const bytes = Buffer.from(work.subarray(at, at + width))
  const was = BigInt(`0x${(big ? bytes : bytes.reverse()).toString('hex')}`)
  const value = BigInt.asUintN(width * 8, otherNumber(numbers, was, width, size))
  const other = Buffer.from(value.toString(16).padStart(width * 2, '0'), 'hex')
  ;(big ? other : other.reverse()).copy(work, at)
}
const flipBit: Change = (draft, numbers) => {
  const at = place(draft, numbers, 1)
  draft.work.writeUInt8(draft.work.readUInt8(at) ^ (1 << numbers.below(8)), at)
}
const putSignature: Change = (draft, numbers) =>
  void put(draft, numbers, Buffer.from(numbers.pick(signatures), 'latin1'))
const putText: Change = (draft, numbers) => void put(draft, numbers, Buffer.from(numbers.pick(texts)))
const putExtension: Change = (draft, numbers) =>
  void put(draft, numbers, Buffer.from(numbers.pick(extensions), 'hex'))
const blank: Change = (draft, numbers) => {
  const length = 1 + numbers.below(32)
  const at = place(draft, numbers, length)
  draft.work.fill(numbers.pick([0, 0xff]), at, at + length)
}
const shift: Change = (draft, numbers) => {
  const at = place(draft, numbers, 128)
  const by = 1 + numbers.below(32)
  draft.work.copyWithin(at + by, at, at + 128 - by)
}
const splice =
  (bases: readonly Base[]): Change =>
  (draft, numbers) => {
    const other = numbers.pick(bases)
    const [from] = numbers.pick(other.places)
    put(draft, numbers, other.pristine.subarray(from, from + 1 + numbers.below(64)))
  }
const cut: Change = (draft, numbers) => {
  const { pick, below } = numbers
  const [edge] = pick(draft.base.places)
  const size = pick([below(draft.size), draft.size - below(600), edge + below(64)])
  draft.size = Math.max(0, Math.min(size, draft.size))
}
const append: Change = (draft, { pick }) => {
  const tail = Buffer.from(pick(signatures), 'latin1')
  draft.touched.push([draft.size, 520])
  draft.work.fill(0, draft.size, draft.size + 520)
  tail.copy(draft.work, draft.size)
  draft.size += pick([512, tail.length, 513])
}
/** Most change a header where it is; an image that was cut or has a tail is mostly refused for that alone. */
const inPlace: readonly Change[] = [changeNumber, changeNumber, changeNumber, flipBit, flipBit, blank, shift]
const withWords: readonly Change[] = [putSignature, putText, putExtension]

export interface Mutant {
  readonly base: string
  readonly declared: ImageFormat
  /** Good until the next one is made. */
  readonly content: Buffer
}

const slack = 8 * 1024
/** Mostly several, as one alone is often without a meaning. */
const changesOf = ({ below }: Numbers) => (below(32) === 0 ? 1 : 3 + below(9))

/**
 * Changes valid images: bits, numbers, texts, signatures, extensions, pieces of other images, ends cut off and
 * things put behind. Checksums are mostly made right again, or nothing behind them would ever be reached.
 */
export const mutantsOf = (images: Readonly<Record<Kind, Buffer>>, seed: number) => {
  const bases = basesOf(images)
  const works = new Map(bases.map((base) => [base, Buffer.concat([base.pristine, Buffer.alloc(slack)])]))
  let undo = () => {}

  return (index: number): Mutant => {
    undo()
    const numbers = numbersFrom(seed, index)
    // What is done to a plain disk mostly leaves a plain disk.
    const drawn = numbers.pick(bases)
    const base = drawn.format === 'raw' ? numbers.pick(bases) : drawn
    const work = works.get(base)!
    const draft: Draft = { base, work, touched: [], size: base.pristine.length }
    for (let left = changesOf(numbers); left > 0; left -= 1) {
      const kind = numbers.below(20)
      if (kind === 0) cut(draft, numbers)
      else if (kind === 1) append(draft, numbers)
      else if (kind === 2) splice(bases)(draft, numbers)
      else numbers.pick(kind < 5 ? withWords : inPlace)(draft, numbers)
    }
    const content = work.subarray(0, draft.size)
    if (numbers.below(8) > 0) draft.touched.push(...seal(base.format, content))
    undo = () => {
      for (const [at, length] of draft.touched) {
        work.fill(0, at, Math.min(work.length, at + length))
        base.pristine.subarray(at, at + length).copy(work, at)
      }
    }
    return { base: base.name, declared: base.format, content }
  }
}
