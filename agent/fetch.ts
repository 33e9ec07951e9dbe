import type { FileHandle } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Dropped } from './answer.ts'
import type { Origin } from './origin.ts'
import { type Incoming, openIncoming, otherSize, type Part, type Promised } from './partial.ts'
import { asRefusal, Refusal } from './refusal.ts'

const MiB = 1024 ** 2
/** Bytes between two moments when what has come is put on the disk, and can be gone on from. */
const syncBytes = 64 * MiB
/** Tries without progress between them, and what counts as progress. */
const tries = 5
const progressBytes = 1 * MiB
/** How often a file may turn out to be another one while it is fetched. */
const mostRestarts = 3

export interface Fetch extends Promised {
  readonly origin: Origin
  readonly signal: AbortSignal
  /** More is refused, however much the server says or sends. */
  readonly mostBytes: number
  readonly leastBytesPerSecond: number
  /** What an earlier try has left in the file. */
  readonly part: Part | undefined
  readonly assertSpace: (bytes: number) => Promise<void>
  readonly onProgress: (bytes: number) => void
  /** So much is on the disk. */
  readonly onSynced: (part: Part) => Promise<void>
  /** The pause before the second try; it doubles. */
  readonly backoffMs?: number
  /** Over so long the speed is measured. */
  readonly speedWindowMs?: number
}

/**
 * Fetch a file, going on where the connection broke as long as the server says that it is still the same file.
 *
 * @returns its bytes
 * @throws Refusal `source_unavailable` after five tries; `source_changed`; `digest_mismatch`; `image_too_large`;
 *   `source_refused`; `source_not_found`; what `assertSpace` throws
 */
export const fetchInto = async (handle: FileHandle, job: Fetch): Promise<number> => {
  const { signal } = job
  const file = await openIncoming(handle, job, job.part, signal)
  const wasResumed = file.at > 0
  let restarts = 0
  const noteRestart = () => {
    restarts += 1
    if (restarts <= mostRestarts) return
    throw new Refusal('source_changed', 'The file became another one again and again while it was fetched')
  }
  for (let failures = 0; ; ) {
    const before = file.at
    try {
      await exchange(file, job, noteRestart)
      break
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Dropped)) throw error
      failures = file.at - before >= progressBytes ? 1 : failures + 1
      if (failures === tries) {
        throw new Refusal('source_unavailable', `Given up after ${tries} tries: ${error.message}`)
      }
      await sleep((job.backoffMs ?? 200) * 2 ** (failures - 1), undefined, { signal })
    }
  }
  const fault = file.fault()
  if (fault === undefined) return file.at
  // What was there before may have been the fault.
  if (!wasResumed) throw fault
  return fetchInto(handle, { ...job, part: undefined })
}

/** One question and its answer, to the end of the file. */
const exchange = async (file: Incoming, job: Fetch, noteRestart: () => void): Promise<void> => {
  const mayGoOn = file.at > 0 && file.tag !== undefined
  if (!mayGoOn) await file.restart(undefined)
  const rest = mayGoOn && file.tag !== undefined ? { at: file.at, tag: file.tag } : undefined
  const response = await job.origin.ask(rest)
  const pace = watchPace(response, file, job)
  try {
    const total = await begun(response, file, job, noteRestart)
    await receive(response, file, job, total)
    if (total !== undefined && file.at < total) throw new Dropped(`it ended at ${file.at} of ${total} bytes`)
    await sync(file, job)
  } finally {
    clearInterval(pace)
    response.destroy()
  }
}

/** @returns how many bytes the whole file has, where the server says */
const begun = async (
  response: IncomingMessage,
  file: Incoming,
  job: Fetch,
  noteRestart: () => void,
): Promise<number | undefined> => {
  const { headers, statusCode } = response
  // Both say that the bytes are not the file's; chunks alone are undone by whoever reads them.
  const transfer = headers['transfer-encoding'] ?? 'chunked'
  const encoding = transfer === 'chunked' ? (headers['content-encoding'] ?? 'identity') : transfer
  if (encoding !== 'identity') {
    throw new Refusal('source_refused', `The server sends the file encoded (${encoding}), which is not taken`)
  }
  const [, from, whole] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? []
  const goesOn = statusCode === 206 && Number(from) === file.at
  if (!goesOn && file.at > 0) noteRestart()
  if (!goesOn) await file.restart(statusCode === 200 ? job.origin.tagOf(headers) : undefined)
  if (!goesOn && statusCode !== 200) throw new Dropped(`part of the file was answered ${statusCode}`)
  const length = goesOn ? whole : headers['content-length']
  const total = length === undefined ? undefined : Number(length)
  if (total !== undefined) {
    assertSize(total, job)
    await job.assertSpace(total - file.at)
  }
  return total
}

const receive = async (response: IncomingMessage, file: Incoming, job: Fetch, total: number | undefined) => {
  const most = total ?? job.sizeBytes ?? job.mostBytes
  try {
    for await (const chunk of response) {
      if (file.at + chunk.length > most) throw tooLarge(file.at + chunk.length, most)
      await file.write(chunk)
      job.onProgress(file.at)
      if (file.at - file.syncedAt >= syncBytes) await sync(file, job)
    }
  } catch (error) {
    job.signal.throwIfAborted()
    if (error instanceof Refusal || error instanceof Dropped) throw error
    throw new Dropped(`it broke off at ${file.at} bytes: ${asRefusal(error).message}`)
  }
}

const sync = async (file: Incoming, job: Fetch) => {
  await file.sync()
  await job.onSynced({ bytes: file.at, tag: file.tag })
}

const watchPace = (
  response: IncomingMessage,
  file: Incoming,
  { leastBytesPerSecond, speedWindowMs = 60_000 }: Fetch,
) => {
  let last = file.at
  return setInterval(() => {
    const speed = ((file.at - last) * 1000) / speedWindowMs
    last = file.at
    if (speed >= leastBytesPerSecond) return
    response.destroy(new Dropped(`it came with ${Math.round(speed)} bytes per second`))
  }, speedWindowMs)
}

const assertSize = (bytes: number, { sizeBytes, mostBytes }: Fetch) => {
  if (bytes > mostBytes) throw tooLarge(bytes, mostBytes)
  if (sizeBytes === undefined || bytes === sizeBytes) return
  throw otherSize(bytes, sizeBytes)
}

const tooLarge = (bytes: number, most: number) =>
  new Refusal('image_too_large', `The file has ${bytes} bytes or more; ${most} are taken`)
