import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { eachPiece } from './pieces.ts'
import { Refusal } from './refusal.ts'
import { writeStaged } from './staging.ts'

/** How much of which file is there. Without a tag nothing can be gone on from. */
export interface Part {
  readonly bytes: number
  /** The server's strong ETag. */
  readonly tag?: string | undefined
}

/** What a file must be, as far as the caller knows. */
export interface Promised {
  /** In hexadecimal, by algorithm. */
  readonly digests: Readonly<Partial<Record<'sha256' | 'sha512', string | undefined>>>
  readonly sizeBytes: number | undefined
}

/** A file that comes piece by piece, hashed as it comes. */
export interface Incoming {
  /** Bytes that are there. */
  readonly at: number
  readonly syncedAt: number
  readonly tag: string | undefined
  /** Throw away what is there: another file begins, with its tag. */
  restart(tag: string | undefined): Promise<void>
  write(chunk: Buffer): Promise<void>
  /** What is there is on the disk when it resolves. */
  sync(): Promise<void>
  /** What the whole file is not, though it was promised. */
  fault(): Refusal | undefined
}

/**
 * Go on with what an earlier try left. That is hashed anew: nothing but the disk remembers it.
 */
export const openIncoming = async (
  handle: FileHandle,
  { digests, sizeBytes }: Promised,
  part: Part | undefined,
  signal: AbortSignal,
): Promise<Incoming> => {
  const newHashes = () =>
    Object.entries(digests).flatMap(([name, wanted]) =>
      wanted === undefined ? [] : [{ name, wanted, hash: createHash(name) }],
    )
  let hashes = newHashes()
  let [at, syncedAt] = [0, 0]
  let tag: string | undefined

  const restart = async (newTag: string | undefined) => {
    await handle.truncate(0)
    hashes = newHashes()
    at = 0
    syncedAt = 0
    tag = newTag
  }
  const add = (chunk: Buffer) => {
    for (const { hash } of hashes) hash.update(chunk)
    at += chunk.length
  }

  const goOn = async ({ bytes, tag: known }: Part) => {
    await handle.truncate(bytes)
    await eachPiece(handle, { from: 0, to: bytes, signal }, add)
    syncedAt = at
    tag = known
  }

  const { size } = await handle.stat()
  if (part?.tag !== undefined && part.bytes > 0 && part.bytes <= size) await goOn(part)
  else await restart(undefined)
  return {
    get at() {
      return at
    },
    get syncedAt() {
      return syncedAt
    },
    get tag() {
      return tag
    },
    restart,
    write: async (chunk) => {
      await writeStaged(handle, chunk, at)
      add(chunk)
    },
    sync: async () => {
      await handle.datasync()
      syncedAt = at
    },
    fault: () => {
      if (sizeBytes !== undefined && at !== sizeBytes) return otherSize(at, sizeBytes)
      for (const { name, wanted, hash } of hashes) {
        const found = hash.digest('hex')
        if (found === wanted) continue
        return new Refusal('digest_mismatch', `The file's ${name} is ${found}, not ${wanted}`, {
          [name]: found,
        })
      }
      return undefined
    },
  }
}

export const otherSize = (bytes: number, sizeBytes: number): Refusal =>
  new Refusal('digest_mismatch', `The file has ${bytes} bytes, not ${sizeBytes}`, { sizeBytes: bytes })
