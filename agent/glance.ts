import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import * as z from 'zod'
import { asRefusal, Refusal } from './refusal.ts'
import type { GlanceStore } from './stores.ts'

const limits = { idleMs: 60_000, continueMs: 2_000, mostAnswerBytes: 1024 ** 2 }

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
  readonly body?: { readonly stream: Readable; readonly bytes: number }
}

/**
 * @throws Refusal `destination_refused` there is no such image, or the token is not good for it;
 *   `destination_unavailable`
 */
export const imageOf = async (glance: Glance, imageId: string, signal: AbortSignal): Promise<Image> => {
  const { status, text } = await ask(glance, { method: 'GET', path: `/v2/images/${imageId}` }, signal)
  if (status !== 200) throw refusalOf(status, `The image ${imageId}`)
  const parsed = Image.safeParse(parseJson(text))
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
  body: NonNullable<Asked['body']>,
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
): Promise<{ status: number; text: string }> => {
  const url = new URL(`${store.endpoint.replace(/\/+$/, '')}${path}`)
  const isHttps = url.protocol === 'https:'
  // An agent of its own: no kept connection that a restarted server has forgotten.
  const agent = isHttps ? new HttpsAgent({ keepAlive: false, ca }) : new HttpAgent({ keepAlive: false })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = (isHttps ? httpsRequest : httpRequest)(url, {
    ...{ agent, method, signal },
    headers: {
      'x-auth-token': token,
      'user-agent': 'cinderless-agent',
      ...(body && {
        'content-type': 'application/octet-stream',
        'content-length': body.bytes,
        expect: '100-continue',
      }),
    },
  })
  request.setTimeout(limits.idleMs, () =>
    request.destroy(new Refusal('destination_unavailable', `Glance said nothing for ${limits.idleMs} ms`)),
  )
  request.once('response', resolve)
  // Kept on: a server that has answered may break the connection off while data still goes to it.
  request.on('error', reject)
  if (body === undefined) request.end()
  else whenWanted(request, () => body.stream.on('error', (error) => request.destroy(error)).pipe(request))
  try {
    const response = await promise
    return { status: response.statusCode ?? 0, text: await textOf(response) }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Refusal) throw error
    throw new Refusal('destination_unavailable', `Glance did not answer: ${asRefusal(error).message}`)
  } finally {
    request.destroy()
    body?.stream.destroy()
  }
}

/**
 * Send data when the server says that it wants them, or nothing: a refusal would be lost where a server breaks the
 * connection off under data that nobody reads.
 */
const whenWanted = (request: ClientRequest, send: () => void) => {
  const anyway = setTimeout(send, limits.continueMs)
  const known = () => clearTimeout(anyway)
  request.once('response', known).once('close', known)
  request.once('continue', () => {
    known()
    send()
  })
  request.flushHeaders()
}

const textOf = async (response: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > limits.mostAnswerBytes) throw new Error('its answer is too long')
  }
  return text
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
