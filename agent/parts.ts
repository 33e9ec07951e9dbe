import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { Pieces } from './exchange.ts'
import { eachPiece } from './pieces.ts'

const MiB = 1024 ** 2
/** S3 takes 10,000 parts. */
const mostParts = 9_000
const leastPartBytes = 16 * MiB

export interface Range {
  /** From 1. */
  readonly number: number
  readonly from: number
  readonly to: number
}

export const partBytesOf = (bytes: number): number =>
  Math.max(leastPartBytes, Math.ceil(bytes / mostParts / MiB) * MiB)

export function* rangesOf(bytes: number, partBytes: number): Generator<Range> {
  for (let from = 0; from < bytes; from += partBytes) {
    yield { number: from / partBytes + 1, from, to: Math.min(from + partBytes, bytes) }
  }
}

/** The checksum of part of a file as S3 writes it: base64. Each piece is shown on the way. */
export const crc32Of = async (
  handle: FileHandle,
  { from, to }: Range,
  signal: AbortSignal,
  show: (piece: Buffer) => void = () => {},
): Promise<string> => {
  let sum = 0
  await eachPiece(handle, { from, to, signal }, (piece) => {
    sum = crc32(piece, sum)
    show(piece)
  })
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(sum)
  return bytes.toString('base64')
}

/** As servers without other checksums show it: in the part's ETag. */
export const md5Of = async (
  handle: FileHandle,
  { from, to }: Range,
  signal: AbortSignal,
): Promise<string> => {
  const hash = createHash('md5')
  await eachPiece(handle, { from, to, signal }, (piece) => void hash.update(piece))
  return hash.digest('hex')
}

/** Part of a file as what is sent, read no faster than it goes. */
export const bodyOf = (
  handle: FileHandle,
  { from, to }: Range,
  signal: AbortSignal,
  /** Called after each piece, with how much was sent. */
  sent: (bytes: number, piece: Buffer) => void,
): Pieces => ({
  bytes: to - from,
  each: (write) =>
    eachPiece(handle, { from, to, signal }, async (piece, at) => {
      await write(piece)
      sent(at + piece.length - from, piece)
    }),
})
