import type { S3Object } from '../lib/agent/stores.ts'
import { isForGood } from './closing.ts'
import type { Uploading } from './outgoing.ts'
import { partBytesOf } from './parts.ts'
import { persist } from './persist.ts'
import { ownerOf, putAway, putAwayOthers } from './put-away.ts'
import { asRefusal, Refusal } from './refusal.ts'
import { connectS3, type Kept, type S3 } from './s3.ts'
import { S3Fault } from './s3-faults.ts'
import { type Outgoing, sending } from './send-file.ts'
import { sendParts } from './send-parts.ts'
import { storeOf } from './stores.ts'
import { trusted } from './trusted.ts'

/**
 * Put the file of a volume into a bucket, in parts. Killed and begun again it goes on with the parts that are there;
 * failed or cancelled, none is left. An object that has the key already is never written over.
 *
 * @throws Refusal `destination_exists`, `destination_refused`, `destination_unavailable`, `interrupted`
 */
export const toS3 = async (run: Uploading, destination: S3Object): Promise<void> => {
  const { config } = run.context
  const store = storeOf(config.stores, 's3', destination.store)
  const s3 = connectS3(store, run.request.secrets ?? {}, await trusted(config.sources.ca))
  try {
    if (await placed(run, s3, destination)) return
    await putAwayOthers(run.context, s3, destination.store)
    await sending(run, (now, file) => sendAll(now, s3, destination, file))
  } catch (error) {
    const isWanted = error instanceof Refusal && error.code === 'interrupted'
    if (isForGood(run.signal) && !isWanted) await putAway(run.context, s3, run.task())
    throw error
  } finally {
    s3.close()
  }
}

/**
 * What this task has put there.
 *
 * @throws Refusal `destination_exists` something else is there
 */
const placed = async (run: Uploading, s3: S3, { store, key }: S3Object) => {
  const { id, digests, fileBytes } = run.task()
  const there = await persist(`The store ${store} cannot be asked`, run.signal, () =>
    s3.head(key, run.signal),
  )
  if (there === undefined) return undefined
  if (there.task === ownerOf(run.context, id) && digests !== undefined && there.bytes === fileBytes)
    return there
  throw new Refusal('destination_exists', `The store ${store} has an object ${key} already`)
}

const sendAll = async (run: Uploading, s3: S3, destination: S3Object, file: Outgoing): Promise<void> => {
  const { key, store } = destination
  const { signal } = run
  const { uploadId, partBytes, kept } = await openUpload(run, s3, destination, file.bytes)
  const { parts, digests } = await sendParts({ s3, key, uploadId, partBytes, kept, file, signal })
  await run.update({ digests, uploadedBytes: file.bytes })
  const etag = await complete(run, s3, { key, uploadId, parts })
  const there = await placed(run, s3, destination)
  if (there !== undefined && (etag === undefined || plain(there.etag) === plain(etag))) return
  throw new Refusal(
    'destination_unavailable',
    `The store ${store} has not made the object ${key} of its parts`,
  )
}

const plain = (etag: string | undefined) => etag?.replaceAll('"', '')

/** The upload that an earlier try has begun, where the server still has it, or a new one. */
const openUpload = async (run: Uploading, s3: S3, { key, store }: S3Object, bytes: number) => {
  const { signal, context } = run
  const known = run.task().multipart
  if (known !== undefined && known.uploadId !== '' && !known.gone) {
    const { uploadId, partBytes } = known
    const kept = await persist(`The store ${store} cannot be asked`, signal, () =>
      s3.parts(key, uploadId, signal),
    )
    if (kept !== undefined) return { uploadId, partBytes, kept }
  }
  const partBytes = partBytesOf(bytes)
  const uploadId = await persist(`The store ${store} takes no upload`, signal, async () => {
    // Begun by a try whose answer was lost.
    if (run.task().multipart?.uploadId === '') await putAway(context, s3, run.task())
    await run.update({ multipart: { uploadId: '', partBytes } })
    return s3.begin(key, ownerOf(context, run.request.requestId), signal)
  })
  await run.update({ multipart: { uploadId, partBytes } })
  return { uploadId, partBytes, kept: new Map<number, Kept>() }
}

interface Whole {
  readonly key: string
  readonly uploadId: string
  readonly parts: readonly Kept[]
}

/** @returns the object's ETag; undefined where what the server has now is to be looked at */
const complete = async ({ signal }: Uploading, s3: S3, { key, uploadId, parts }: Whole) => {
  const ask = (alone: boolean) =>
    persist('The parts cannot be put together', signal, () =>
      s3.complete(key, uploadId, parts, { alone, signal }),
    )
  try {
    return await ask(true).catch((error: unknown) => {
      if (error instanceof S3Fault && error.kind === 'unknown') return ask(false)
      throw error
    })
  } catch (error) {
    // Done by a try whose answer was lost, or another object came first.
    if (error instanceof S3Fault && (error.kind === 'absent' || error.kind === 'taken')) return undefined
    throw asRefusal(error)
  }
}
