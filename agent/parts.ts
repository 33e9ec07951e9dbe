import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { eachPiece, endsAt } from './pieces.ts'

const MiB = 1024 ** 2
/** S3 takes 10,000 parts. */
const mostParts = 9_000
const leastPartBytes = 16 * MiB
const pieceBytes = 256 * 1024

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

interface Watched {
  /** So many bytes were taken. */
  readonly sent: (bytes: number) => void
  readonly fail: (error: unknown) => void
  readonly show?: (piece: Buffer) => void
}

/** Part of a file as a stream, read no faster than it is taken. What it could not be read for goes to `fail`. */
export const bodyOf = (handle: FileHandle, { from, to }: Range, { sent, fail, show }: Watched): Readable => {
  const pieces = async function* () {
    for (let at = from; at < to; ) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, to - at))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) throw endsAt(at, to)
      at += bytesRead
      show?.(buffer.subarray(0, bytesRead))
      yield buffer.subarray(0, bytesRead)
      sent(at - from)
    }
  }
  // A stream that breaks leaves whoever it is piped to waiting.
  return Readable.from(pieces(), { objectMode: false, highWaterMark: pieceBytes }).on('error', fail)
}
