import { createHash } from 'node:crypto'
import { Refusal } from './refusal.ts'
import type { Restic } from './restic.ts'
import type { Snapshot } from './snapshots.ts'

/** Handed on at once. */
const pieceBytes = 1024 ** 2

interface Dump {
  readonly snapshot: Snapshot
  /** Exactly so many must come. */
  readonly bytes: number
  /** The piece is lent until the promise resolves; one at a time. */
  readonly take: (piece: Buffer, offset: number) => Promise<void>
}

/**
 * Read the volume in a snapshot from its start to its end. No process is left when this returns or throws.
 *
 * @returns SHA-256 of its bytes, in hexadecimal
 * @throws Refusal `size_mismatch` there are more or fewer
 */
export const dump = async (restic: Restic, { snapshot, bytes, take }: Dump): Promise<string> => {
  const [path, ...others] = snapshot.paths
  if (path === undefined || others.length > 0 || !path.startsWith('/')) {
    throw new Refusal('backup_not_found', `The snapshot ${snapshot.id} is not of one volume`)
  }
  const stop = new AbortController()
  const { stdout, ended } = restic
    .within(AbortSignal.any([restic.signal, stop.signal]))
    .start(['dump', snapshot.id, path])
  const hash = createHash('sha256')
  let at = 0
  let taken: Promise<void> = Promise.resolve()
  const hand = async (piece: Buffer) => {
    if (at + piece.length > bytes) {
      throw new Refusal('size_mismatch', `The backup has more than the ${bytes} bytes it is said to have`)
    }
    hash.update(piece)
    await taken
    taken = take(piece, at)
    taken.catch(() => {})
    at += piece.length
  }
  try {
    for await (const piece of inPieces(stdout ?? [])) await hand(piece)
    await taken
  } catch (error) {
    stop.abort(error)
    stdout?.destroy()
    await ended
    await taken.catch(() => {})
    restic.signal.throwIfAborted()
    throw error
  }
  restic.assertEnded('dump', await ended)
  if (at !== bytes) throw new Refusal('size_mismatch', `The backup has ${at} bytes, not ${bytes}`)
  return hash.digest('hex')
}

/** Pieces of one size, the last one smaller, in two buffers by turns. */
async function* inPieces(source: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let [buffer, other] = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)]
  let filled = 0
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length; ) {
      const copied = chunk.copy(buffer, filled, from)
      from += copied
      filled += copied
      if (filled < pieceBytes) continue
      yield buffer
      ;[buffer, other] = [other, buffer]
      filled = 0
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled)
}
