import * as z from 'zod'
import { jsonIn } from '../lib/json.ts'
import { connection, type Pieces, type Reply } from './exchange.ts'
import { asRefusal, Refusal } from './refusal.ts'
import type { GlanceStore } from './stores.ts'

/** What Glance says of an image, as far as an upload needs it. */
const Image = z.looseObject({
  status: z.string(),
  size: z.int().nullish(),
  disk_format: z.string().nullish(),
  os_hash_algo: z.string().nullish(),
  os_hash_value: z.string().nullish(),
})
export type Image = z.infer<typeof Image>

export interface Glance {
  readonly store: GlanceStore
  readonly token: string
  /** Authorities beside the public ones. */
  readonly ca: string[] | undefined
}

interface Asked {
  readonly method: 'GET' | 'PUT'
  readonly path: string
  readonly body?: Pieces
}

/**
 * @throws Refusal `destination_refused` there is no such image, or the token is not good for it;
 *   `destination_unavailable`
 */
export const imageOf = async (glance: Glance, imageId: string, signal: AbortSignal): Promise<Image> => {
  const { status, text } = await ask(glance, { method: 'GET', path: `/v2/images/${imageId}` }, signal)
  if (status !== 200) throw refusalOf(status, `The image ${imageId}`)
  const parsed = Image.safeParse(jsonIn(text))
  if (parsed.success) return parsed.data
  throw new Refusal('destination_unavailable', `What Glance says of the image ${imageId} cannot be read`)
}

/**
 * Send an image's data. Glance takes it once, in one stream.
 *
 * @throws Refusal `destination_exists` the image has data, or gets some; as {@link imageOf}
 */
export const sendImage = async (
  glance: Glance,
  imageId: string,
  body: Pieces,
  signal: AbortSignal,
): Promise<void> => {
  const path = `/v2/images/${imageId}/file`
  const { status } = await ask(glance, { method: 'PUT', path, body }, signal)
  if (status !== 204 && status !== 200) throw refusalOf(status, `The data of image ${imageId}`)
}

const refusalOf = (status: number, what: string): Refusal => {
  if (status === 409)
    return new Refusal('destination_exists', `${what} cannot be sent: it is no longer queued`)
  const isPassing = status === 408 || status === 429 || status >= 500
  const code = isPassing ? 'destination_unavailable' : 'destination_refused'
  return new Refusal(code, `${what}: Glance answered ${status}`, { status })
}

const ask = async (
  { store, token, ca }: Glance,
  { method, path, body }: Asked,
  signal: AbortSignal,
): Promise<Reply> => {
  const url = new URL(`${store.endpoint.replace(/\/+$/, '')}${path}`)
  const server = connection(url, ca)
  const headers = {
    'x-auth-token': token,
    ...(body && { 'content-type': 'application/octet-stream' }),
  }
  try {
    return await server.ask({ url, method, headers, signal, ...(body && { body }) })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Refusal) throw error
    throw new Refusal('destination_unavailable', `Glance did not answer: ${asRefusal(error).message}`)
  } finally {
    server.close()
  }
}
