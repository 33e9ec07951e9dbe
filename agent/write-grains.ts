import type { FileHandle } from 'node:fs/promises'

const grainBytes = 64 * 1024
const zeros = Buffer.alloc(grainBytes)

/** Write what is not zeros, onto what is. */
export const writeGrains = async (handle: FileHandle, piece: Buffer, offset: number): Promise<void> => {
  for (const [from, to] of filledIn(piece)) {
    for (let at = from; at < to; ) {
      at += (await handle.write(piece, at, to - at, offset + at)).bytesWritten
    }
  }
}

/** Runs of grains that are not all zeros, as offsets in the piece. */
function* filledIn(piece: Buffer): Generator<[from: number, to: number]> {
  let from: number | undefined
  for (let at = 0; at < piece.length; at += grainBytes) {
    const end = Math.min(at + grainBytes, piece.length)
    const isZero = piece.compare(zeros, 0, end - at, at, end) === 0
    if (!isZero) from ??= at
    else if (from !== undefined) {
      yield [from, at]
      from = undefined
    }
  }
  if (from !== undefined) yield [from, piece.length]
}
