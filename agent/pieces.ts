import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { Refusal } from './refusal.ts'

const pieceBytes = 256 * 1024
/** Buffers that are used again: thrown away, they would stay for long in a process that makes little else to collect. */
const spare: Buffer[] = []
const mostSpare = 4

/**
 * Read part of a file from its start to its end, piece by piece. The buffer is used again: whoever keeps bytes copies
 * them.
 *
 * @throws Refusal `size_mismatch` it ends before
 */
export const eachPiece = async (
  handle: FileHandle,
  { from, to, signal }: { readonly from: number; readonly to: number; readonly signal: AbortSignal },
  take: (piece: Buffer, at: number) => void | Promise<void>,
): Promise<void> => {
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(pieceBytes)
  try {
    for (let at = from; at < to; ) {
      signal.throwIfAborted()
      const { bytesRead } = await handle.read(buffer, 0, Math.min(pieceBytes, to - at), at)
      if (bytesRead === 0) throw endsAt(at, to)
      await take(buffer.subarray(0, bytesRead), at)
      at += bytesRead
    }
  } finally {
    if (spare.length < mostSpare) spare.push(buffer)
  }
}

const endsAt = (at: number, to: number): Refusal =>
  new Refusal('size_mismatch', `What is read ends at ${at} bytes, before ${to}`, { sizeBytes: at })

export interface Digests {
  readonly sha256: string
  /** Where it was asked for: it takes more than twice as long as the other. */
  readonly sha512?: string | undefined
}

/**
 * Digests of what is given, in the order in which it is given.
 *
 * @param also beside SHA-256
 */
export const digester = (also?: 'sha512') => {
  const sha256 = createHash('sha256')
  const sha512 = also && createHash(also)
  return {
    update: (piece: Buffer): void => {
      sha256.update(piece)
      sha512?.update(piece)
    },
    digests: (): Digests => ({
      sha256: sha256.digest('hex'),
      ...(sha512 && { sha512: sha512.digest('hex') }),
    }),
  }
}
