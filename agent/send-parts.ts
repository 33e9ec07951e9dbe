import { bodyOf, crc32Of, md5Of, type Range, rangesOf } from './parts.ts'
import { persist } from './persist.ts'
import { type Digests, digester } from './pieces.ts'
import { Refusal } from './refusal.ts'
import type { Kept, S3 } from './s3.ts'
import { S3Fault } from './s3-faults.ts'
import type { Outgoing } from './send-file.ts'

/** Each is a stream of some hundred kilobytes: what is in memory does not grow with the parts. */
const mostInFlight = 3

export interface Upload {
  readonly s3: S3
  readonly key: string
  readonly uploadId: string
  readonly partBytes: number
  /** What earlier tries have left on the server. */
  readonly kept: ReadonlyMap<number, Kept>
  readonly file: Outgoing
  readonly signal: AbortSignal
}

/**
 * Send all parts, a few at once. Every byte is read from the start to the end for the digests, also of parts that are
 * there: those are compared and not sent again.
 *
 * @throws Refusal
 */
export const sendParts = async (upload: Upload): Promise<{ parts: Kept[]; digests: Digests }> => {
  const { file, partBytes, kept } = upload
  const failed = new AbortController()
  const signal = AbortSignal.any([upload.signal, failed.signal])
  const { update, digests } = digester()
  const parts: Kept[] = []
  const inFlight = new Set<Promise<void>>()
  const sent = sentBy(file)
  const begin = (range: Range, crc32: string) => {
    const put = putPart({ ...upload, signal }, range, crc32, (bytes) => sent(range.number, bytes))
      .then((done) => {
        parts[range.number - 1] = done
      })
      .finally(() => inFlight.delete(put))
    // It is waited for below; until then it stops the others.
    put.catch((error: unknown) => failed.abort(error))
    inFlight.add(put)
  }
  try {
    for (const range of rangesOf(file.bytes, partBytes)) {
      await file.assertSame()
      const crc32 = await crc32Of(file.handle, range, signal, update)
      const there = kept.get(range.number)
      if (there !== undefined && (await isSame(there, { ...upload, signal }, range, crc32))) {
        parts[range.number - 1] = there
        sent(range.number, there.bytes)
        continue
      }
      while (inFlight.size >= mostInFlight) await Promise.race(inFlight)
      begin(range, crc32)
    }
    await Promise.all(inFlight)
    await file.assertSame()
  } catch (error) {
    failed.abort(error)
    await Promise.allSettled(inFlight)
    throw error
  }
  return { parts, digests: digests() }
}

/** Adds up what was sent of the parts, and never goes back when one is sent again. */
const sentBy = (file: Outgoing) => {
  const byPart = new Map<number, number>()
  let most = 0
  return (number: number, bytes: number) => {
    most += Math.max(0, bytes - (byPart.get(number) ?? 0))
    byPart.set(number, Math.max(bytes, byPart.get(number) ?? 0))
    file.sent(most)
  }
}

const putPart = (
  upload: Upload,
  range: Range,
  crc32: string,
  sent: (bytes: number) => void,
): Promise<Kept> => {
  const { s3, key, uploadId, file, signal } = upload
  const { number } = range
  const once = async () => {
    const body = bodyOf(file.handle, range, signal, sent)
    const done = await s3.put(key, uploadId, { number, crc32, body }, signal)
    if (await isSame(done, upload, range, crc32)) return done
    throw new S3Fault('passing', 'kept other bytes than were sent')
  }
  return persist(`Part ${number} cannot be sent`, signal, () =>
    once().catch(async (error: unknown) => {
      if (!(error instanceof S3Fault)) throw error
      if (error.kind === 'absent') {
        throw new Refusal(
          'destination_unavailable',
          'The server has thrown the upload away in the middle of it',
        )
      }
      if (error.kind !== 'garbled') throw error
      if ((await crc32Of(file.handle, range, signal)) === crc32) throw new S3Fault('passing', error.message)
      throw new Refusal('source_changed', 'The volume was written to while it was read: read from a snapshot')
    }),
  )
}

/** Whether the server has what was read: by its checksum, or else by its ETag where that is one. */
const isSame = async (kept: Kept, upload: Upload, range: Range, crc32: string): Promise<boolean> => {
  if (kept.bytes !== range.to - range.from) return false
  if (kept.crc32 !== undefined) return kept.crc32 === crc32
  const [, md5] = /^"?([0-9a-f]{32})"?$/.exec(kept.etag) ?? []
  if (md5 === undefined) return true
  return md5 === (await md5Of(upload.file.handle, range, upload.signal))
}
