import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import axios from 'axios'
import type * as z from 'zod'
import { jsonIn } from '../json.ts'
import { type Asked, ServiceRefused, ServiceUnreachable, ServiceUnreadable } from './errors.ts'

const ANSWER_MS = 30_000
const LONGEST_ANSWER_BYTES = 4 * 1024 ** 2

export interface Request extends Asked {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/**
 * Asked a few times in an hour: a kept connection would be gone when a frozen function goes on. No redirects and no
 * proxy: a token goes nowhere but to the address it is meant for.
 */
const http = axios.create({
  httpAgent: new Agent({ keepAlive: false }),
  httpsAgent: new SecureAgent({ keepAlive: false }),
  proxy: false,
  maxRedirects: 0,
  maxContentLength: LONGEST_ANSWER_BYTES,
  responseType: 'text',
  transformResponse: (text: unknown) => text,
  validateStatus: () => true,
})

/** Nothing of the request was sent. */
const unsent: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_INVALID_URL',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/**
 * One request and its answer, by a deadline (epoch milliseconds) and within 30 s.
 *
 * @throws ServiceUnreachable no answer. Never what axios threw: that holds the headers.
 * @throws ServiceUnreadable it is too long
 */
export const exchange = async (asked: Request, deadline: number): Promise<Answer> => {
  const { method, url, headers, body } = asked
  const limit = Math.min(deadline - Date.now(), ANSWER_MS)
  if (limit <= 0) throw new ServiceUnreachable(asked, 'the deadline had passed; nothing was sent', false)
  const signal = AbortSignal.timeout(limit)
  try {
    const response = await http.request<unknown>({
      ...{ method, url, signal },
      headers: { accept: 'application/json', 'user-agent': 'cinderless', ...headers },
      ...(body !== undefined && { data: JSON.stringify(body) }),
    })
    const { status, data } = response
    return { status, headers: response.headers, text: typeof data === 'string' ? data : '' }
  } catch (error) {
    if (signal.aborted) throw new ServiceUnreachable(asked, `no answer within ${limit} ms`, true)
    const { code, message } = axios.isAxiosError(error) ? error : { code: undefined, message: '' }
    if (message.startsWith('maxContentLength')) throw new ServiceUnreadable(asked, 0, 'it is too long')
    throw new ServiceUnreachable(asked, `no answer: ${code ?? 'the connection broke'}`, !unsent.has(code))
  }
}

/**
 * What an answer of status 2xx says.
 *
 * @throws ServiceRefused another status, of the service's own
 * @throws ServiceUnreadable it says something else
 */
export const parsed = <T>(asked: Asked, { status, text }: Answer, schema: z.ZodType<T>): T => {
  if (status < 200 || status > 299) throw new ServiceRefused(asked, status)
  const result = schema.safeParse(jsonIn(text))
  if (result.success) return result.data
  const [issue] = result.error.issues
  const what = text === '' ? 'it is empty' : `${issue?.path.join('.') || 'it'}: ${issue?.message}`
  throw new ServiceUnreadable(asked, status, what)
}
