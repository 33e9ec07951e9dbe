import { createHash } from 'node:crypto'
import { outputInto } from './output.ts'
import { Refusal } from './refusal.ts'
import type { Restic } from './restic.ts'
import type { Snapshot } from './snapshots.ts'

/** Handed on at once: each is a turn through a thread that may have to wait for a processor. */
const pieceBytes = 4 * 1024 ** 2

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
  await using output = await outputInto(pieceBytes)
  const { ended } = restic
    .within(AbortSignal.any([restic.signal, stop.signal]))
    .start(['dump', snapshot.id, path], { stdout: output.theirs })
  output.theirs.destroy()
  const hash = createHash('sha256')
  let at = 0
  const onBytes = (part: Buffer) => {
    hash.update(part)
  }
  const read = output.read(onBytes, async (piece) => {
    if (at + piece.length > bytes) {
      throw new Refusal('size_mismatch', `The backup has more than the ${bytes} bytes it is said to have`)
    }
    at += piece.length
    await take(piece, at - piece.length)
  })
  try {
    await read
  } catch (error) {
    stop.abort(error)
    await ended
    restic.signal.throwIfAborted()
    throw error
  }
  restic.assertEnded('dump', await ended)
  if (at !== bytes) throw new Refusal('size_mismatch', `The backup has ${at} bytes, not ${bytes}`)
  return hash.digest('hex')
}
