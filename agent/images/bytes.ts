import type { FileHandle } from 'node:fs/promises'
import { Refusal } from '../refusal.ts'

/** A file to be looked into, piece by piece. */
export interface Bytes {
  readonly size: number
  /** Exactly these bytes. @throws Refusal when the file does not have them */
  at(offset: number, length: number): Promise<Buffer>
}

export const bytesOf = (handle: FileHandle, size: number): Bytes => ({
  size,
  at: async (offset, length) => {
    if (offset < 0 || offset + length > size) throw refused('it ends before its header does')
    const buffer = Buffer.alloc(length)
    for (let at = 0; at < length; ) {
      const { bytesRead } = await handle.read(buffer, at, length - at, offset + at)
      if (bytesRead === 0) throw refused('it became shorter while it was read')
      at += bytesRead
    }
    return buffer
  },
})

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
