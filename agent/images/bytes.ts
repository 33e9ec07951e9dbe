import type { FileHandle } from 'node:fs/promises'
import { Refusal } from '../refusal.ts'

/** A file to be looked into, piece by piece. */
export interface Bytes {
  readonly size: number
  /** Exactly these bytes. @throws Refusal when the file does not have them */
  readonly at: (offset: number, length: number) => Promise<Buffer>
}

const MiB = 1024 ** 2
/** Bytes read of one image at most, however large it is: no header needs more. */
export const mostRead = 16 * MiB
/** Bytes of one table of blocks that are looked through. What lies behind them the copying program checks. */
const lookedThrough = 4 * MiB

export const bytesOf = (handle: FileHandle, size: number): Bytes => ({
  size,
  at: async (offset, length) => {
    must(offset >= 0 && length >= 0 && offset + length <= size, 'it ends before its header does')
    const buffer = Buffer.alloc(length)
    for (let at = 0; at < length; ) {
      const { bytesRead } = await handle.read(buffer, at, length - at, offset + at)
      must(bytesRead > 0, 'it became shorter while it was read')
      at += bytesRead
    }
    return buffer
  },
})

/** The same bytes, of which no more than `most` are given out. */
export const upTo = (most: number, { size, at }: Bytes): Bytes => {
  let left = most
  return {
    size,
    at: async (offset, length) => {
      left -= length
      must(left >= 0, `its headers are longer than ${most} bytes`)
      return at(offset, length)
    },
  }
}

/** A table in the file, as far as tables are looked through. */
export const tableAt = (bytes: Bytes, offset: number, length: number): Promise<Buffer> =>
  bytes.at(offset, Math.min(length, lookedThrough))

/** The image is not taken, and why; `reason` continues "The image is refused: ". */
export const refused = (reason: string) =>
  new Refusal('format_refused', `The image is refused: ${reason}`, { reasons: [reason] })

/** Throw unless the fact holds. */
export function must(fact: boolean, reason: string): asserts fact {
  if (!fact) throw refused(reason)
}

const exact = (value: bigint) => {
  must(value <= BigInt(Number.MAX_SAFE_INTEGER), 'a number in its header is beyond any disk')
  return Number(value)
}
/** A 64-bit number that must be small enough to be exact. */
export const u64be = (buffer: Buffer, offset: number) => exact(buffer.readBigUInt64BE(offset))
export const u64le = (buffer: Buffer, offset: number) => exact(buffer.readBigUInt64LE(offset))

export const isPowerOfTwo = (value: number) => value > 0 && (value & (value - 1)) === 0
export const isZero = (bytes: Buffer) => bytes.every((byte) => byte === 0)
const zeros = Buffer.alloc(4096)
/** Where the last byte is that is not zero, or -1. Tables are long and mostly empty. */
export const lastNonZero = (bytes: Buffer): number => {
  let end = bytes.length
  while (end >= zeros.length && bytes.subarray(end - zeros.length, end).equals(zeros)) end -= zeros.length
  while (end > 0 && bytes[end - 1] === 0) end -= 1
  return end - 1
}
export const wholeSectors = (size: number) => Math.ceil(size / 512) * 512
