import * as z from 'zod'
import { signerFor } from './sign.ts'
import { reasonOf, Stop } from './stop.ts'

const Refusal = z.object({
  error: z.object({ name: z.string(), message: z.string(), remedy: z.string().optional() }),
})

/** API Gateway's own words, where a request did not come as far as a function. */
const Barred = z.object({ message: z.string() })

/** Milliseconds an answer may take: the API itself ends a request after 30 s. */
const ANSWER_MS = 35_000

/** The API could not be reached, which may pass. */
export class Unreachable extends Stop {}

export interface Front {
  /** @throws Stop in the API's words. Unreachable: there was no answer. */
  get<T>(path: string, answer: z.ZodType<T>): Promise<T>
  post<T>(path: string, body: object, answer: z.ZodType<T>): Promise<T>
}

const isLoopback = (host: string): boolean => /^(127(\.\d+){3}|(.+\.)?localhost|\[::1\])$/i.test(host)

export interface FrontOptions {
  readonly url: string
  readonly region?: string | undefined
  /** Shown where the API checks callers by tokens. */
  readonly token?: string | undefined
}

/**
 * The jobs' HTTP API at an address; one that is not on this machine is deployed, and gets signed requests, unless a token
 * is what it wants to see.
 */
export const frontAt = ({ url, region, token }: FrontOptions): Front => {
  if (token !== undefined && !/^[!-~]+$/.test(token))
    throw new Stop('--token holds something that no token holds', 2)
  if (!URL.canParse(url)) throw new Stop(`--url ${url} is not an address such as http://127.0.0.1:8776`, 2)
  const base = new URL(url.endsWith('/') ? url : `${url}/`)
  const sign = isLoopback(base.hostname) || token !== undefined ? undefined : signerFor(base, region)

  const send = async (method: string, path: string, body?: string) => {
    const target = new URL(path.replace(/^\//, ''), base)
    const plain: Record<string, string> = {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { 'x-auth-token': token }),
    }
    const headers = sign === undefined ? plain : await sign({ method, url: target, headers: plain, body })
    const signal = AbortSignal.timeout(ANSWER_MS)
    try {
      const response = await fetch(target, { method, headers, signal, ...(body !== undefined && { body }) })
      return { status: response.status, text: await response.text() }
    } catch (error) {
      const start = isLoopback(base.hostname) ? 'Start it: npm start. Or say where it is' : 'Say where it is'
      throw new Unreachable(`${base.origin} does not answer (${reasonOf(error)}). ${start}: --url URL`)
    }
  }

  const ask = async <T>(method: string, path: string, answer: z.ZodType<T>, body?: string): Promise<T> => {
    const { status, text } = await send(method, path, body)
    const parsed = jsonIn(text)
    if (status >= 200 && status < 300) {
      const read = answer.safeParse(parsed)
      if (read.success) return read.data
      throw new Stop(`${base.origin} answered something else than this API does: look at --url`)
    }
    throw refused(base, status, parsed)
  }

  return {
    get: (path, answer) => ask('GET', path, answer),
    post: (path, body, answer) => ask('POST', path, answer, JSON.stringify(body)),
  }
}

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const refused = (base: URL, status: number, body: unknown): Stop => {
  const refusal = Refusal.safeParse(body)
  if (refusal.success) {
    const { name, message, remedy } = refusal.data.error
    const how = status === 401 ? '\nShow one to this program with --token, or in CINDERLESS_TOKEN.' : ''
    return new Stop(`${name}: ${message}${remedy === undefined ? '' : `\n${remedy}`}${how}`)
  }
  const barred = Barred.safeParse(body)
  const why = barred.success ? `: ${barred.data.message}` : ''
  const remedy = status === 403 ? '\nYour AWS credentials need execute-api:Invoke on it.' : ''
  return new Stop(`${base.origin} answered ${status}${why}${remedy}`)
}
