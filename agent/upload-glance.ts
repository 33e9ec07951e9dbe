import { setTimeout as sleep } from 'node:timers/promises'
import type { GlanceImage } from '../lib/agent/stores.ts'
import { type Glance, type Image, imageOf, sendImage } from './glance.ts'
import { digestsOf, type Uploading } from './outgoing.ts'
import { bodyOf } from './parts.ts'
import { type Digests, digester } from './pieces.ts'
import { Refusal } from './refusal.ts'
import { type Outgoing, sending } from './send-file.ts'
import { storeOf } from './stores.ts'
import { trusted } from './trusted.ts'

/** An image whose upload broke off is queued again as soon as Glance has noticed. */
const settling = { everyMs: 500, looks: 60 }
const persistence = { tries: 4, backoffMs: 250 }

/**
 * Give an image of Glance, which the caller has made, the file of a volume as its data. Glance takes data once and from
 * its start: begun again, the whole file is sent anew if the image is still queued.
 *
 * @throws Refusal `destination_exists` the image has other data; `destination_refused`, `destination_unavailable`;
 *   `interrupted` the token is no longer good
 */
export const toGlance = async (run: Uploading, { store, imageId }: GlanceImage): Promise<void> => {
  const { config } = run.context
  const glance: Glance = {
    store: storeOf(config.stores, 'glance', store),
    token: run.request.secrets?.token ?? '',
    ca: await trusted(config.sources.ca),
  }
  const { signal } = run
  const look = () => imageOf(glance, imageId, signal)
  assertFormat(await persisting(signal, look), run, imageId)
  await sending(run, async (now, file) => {
    const digests = await persisting(signal, () => sendOnce(now, glance, imageId, file))
    if (digests === undefined) return
    await now.update({ digests, uploadedBytes: file.bytes })
    const after = await persisting(signal, async () => settled(await look(), signal, look))
    if (isWhole(after, file.bytes, digests)) return
    throw new Refusal(
      'destination_unavailable',
      `The image ${imageId} is ${after.status} with ${after.size ?? 0} bytes, and not what was sent: ${file.bytes} bytes`,
    )
  })
}

/** Once more while Glance cannot, or its answer was lost. */
const persisting = async <T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> => {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      const mayPass = error instanceof Refusal && error.code === 'destination_unavailable'
      if (!mayPass || failures === persistence.tries) throw error
      await sleep(persistence.backoffMs * 2 ** (failures - 1), undefined, { signal })
    }
  }
}

/** @returns digests of what was sent; undefined where the image has it from an earlier try. */
const sendOnce = async (
  run: Uploading,
  glance: Glance,
  imageId: string,
  file: Outgoing,
): Promise<Digests | undefined> => {
  const look = () => imageOf(glance, imageId, run.signal)
  const now = await settled(await look().catch(expired), run.signal, look)
  if (now.status === 'queued') return send(run, glance, imageId, file).catch(expired)
  const digests = run.task().digests ?? (await digestsOf(run, file.handle, 'sha512'))
  if (!isWhole(now, file.bytes, digests)) throw taken(imageId, now)
  await run.update({ digests })
  return undefined
}

const send = async (run: Uploading, glance: Glance, imageId: string, file: Outgoing): Promise<Digests> => {
  const { update, digests } = digester('sha512')
  await file.assertSame()
  const range = { number: 1, from: 0, to: file.bytes }
  const body = bodyOf(file.handle, range, run.signal, (bytes, piece) => {
    update(piece)
    file.sent(bytes)
  })
  await sendImage(glance, imageId, body, run.signal)
  await file.assertSame()
  return digests()
}

const settled = async (first: Image, signal: AbortSignal, look: () => Promise<Image>): Promise<Image> => {
  let image = first
  for (let looks = 1; image.status === 'saving' && looks < settling.looks; looks += 1) {
    await sleep(settling.everyMs, undefined, { signal })
    image = await look()
  }
  return image
}

/** Whether Glance has what was sent: by the digest it has computed, where it is one of ours. */
const isWhole = (image: Image, bytes: number, digests: Digests): boolean => {
  const { status, size, os_hash_algo: algorithm, os_hash_value: value } = image
  if (status !== 'active' || size !== bytes) return false
  if (algorithm === 'sha512') return value === digests.sha512
  return algorithm !== 'sha256' || value === digests.sha256
}

const assertFormat = ({ disk_format: format }: Image, { request }: Uploading, imageId: string) => {
  if (format === undefined || format === null || format === request.format) return
  throw new Refusal('destination_refused', `The image ${imageId} is to be ${format}, not ${request.format}`)
}

const taken = (imageId: string, { status }: Image) =>
  new Refusal(
    'destination_exists',
    `The image ${imageId} is ${status}, no longer queued: Glance takes data once. Make another image`,
  )

/** The token was good when the task began: what was made meanwhile is kept for a new one. */
const expired = (error: unknown): never => {
  if (error instanceof Refusal && error.details?.status === 401) {
    throw new Refusal('interrupted', 'The token is no longer good: ask again with a new one to go on')
  }
  throw error
}
