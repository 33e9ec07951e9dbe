import type { Secrets } from '../lib/agent/tasks.ts'
import { connection, type Pieces, type Question, type Reply } from './exchange.ts'
import { asRefusal, Refusal } from './refusal.ts'
import { faultOf, S3Fault } from './s3-faults.ts'
import { escaped, sha256Of, signed, unsignedPayload } from './s3-sign.ts'
import { textIn } from './s3-xml.ts'
import type { S3Store } from './stores.ts'

interface More {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Pieces | string
  readonly signal?: AbortSignal | undefined
}

const originOf = ({ endpoint, bucket, pathStyle }: S3Store): URL => {
  const origin = new URL(endpoint)
  if (!pathStyle) origin.hostname = `${bucket}.${origin.hostname}`
  return origin
}

/** The address of an object, escaped as its signature wants it; of the bucket itself for an empty key. */
export const addressOf = (store: S3Store, key: string, query: Readonly<Record<string, string>> = {}): URL => {
  const segments = [...(store.pathStyle ? [store.bucket] : []), ...key.split('/')]
  const url = new URL(`/${segments.map(escaped).join('/')}`, originOf(store))
  url.search = Object.entries(query)
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .join('&')
  return url
}

/** Signed requests to one bucket. */
export const s3Requests = (store: S3Store, secrets: Secrets, ca: string[] | undefined) => {
  const { accessKeyId = '', secretAccessKey = '', sessionToken } = secrets
  const server = connection(originOf(store), ca)

  return {
    close: () => server.close(),
    /**
     * @param key of an object; empty for the bucket itself
     * @throws S3Fault anything but an answer that it was done
     */
    ask: async (
      method: Question['method'],
      key: string,
      query: Readonly<Record<string, string>>,
      { headers = {}, body, signal }: More = {},
    ): Promise<Reply> => {
      const url = addressOf(store, key, query)
      const payload = typeof body === 'object' ? unsignedPayload : sha256Of(body ?? '')
      const keys = { accessKeyId, secretAccessKey, sessionToken }
      const all = signed({ method, url, headers, payload }, keys, store.region, new Date())
      const reply = await server
        .ask({ url, method, headers: all, signal, ...(body !== undefined && { body }) })
        .catch((error: unknown) => {
          // What was to be sent cannot be read.
          if (error instanceof Refusal) throw error
          throw new S3Fault('passing', `did not answer: ${asRefusal(error).message}`)
        })
      // Putting parts together may take so long that the status is sent before it is known how it ends.
      const isDone = reply.status >= 200 && reply.status < 300 && !reply.text.includes('<Error>')
      if (isDone) return reply
      throw faultOf(reply.status, textIn(reply.text, 'Code'))
    },
  }
}
