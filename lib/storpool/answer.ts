import type * as z from 'zod'
import { jsonIn } from '../json.ts'
import { type Asked, StorPoolApiError, StorPoolUnreadable } from './errors.ts'
import { ErrorBody } from './schema/answers.ts'

/** What came over the wire. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

const LONGEST_WORDS = 300

/** Bounded, as servers and proxies write what they like. */
const brief = (words: string, longest = LONGEST_WORDS): string =>
  words.length > longest ? `${words.slice(0, longest)}…` : words

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What came instead of an envelope: its kind and length, never its words. */
const kindOf = (answer: Answer, value: unknown): string => {
  if (answer.text === '') return 'an empty answer'
  if (value === undefined)
    return `not JSON: ${answer.text.length} characters of ${answer.contentType || 'no type'}`
  if (!isObject(value)) return 'JSON that is no object'
  if (Object.keys(value).length === 0) return 'an empty object'
  if ('error' in value) return 'an `error` that is no object'
  return answer.status === 200 ? 'no `data`' : 'no `error`'
}

/**
 * The `data` of an answer, checked.
 *
 * A status other than 200 is a failure, and so is a 200 with an `error`.
 *
 * @throws StorPoolApiError the answer is a refusal.
 * @throws StorPoolUnreadable it is neither a refusal nor what the call answers.
 * @see python-storpool 7.3.0, spapi.py `Api.__call__`
 */
export const dataOf = <T>(
  asked: Asked,
  answer: Answer,
  Data: z.ZodType<T>,
  scrub: (words: string) => string,
): T => {
  const unreadable = (what: string, isForeign = false) =>
    new StorPoolUnreadable(asked, answer.status, scrub(brief(what)), isForeign)
  const envelope = jsonIn(answer.text)
  if (!isObject(envelope)) throw unreadable(kindOf(answer, envelope), true)

  if (isObject(envelope.error)) {
    const refusal = ErrorBody.safeParse(envelope.error)
    if (!refusal.success) throw unreadable('an `error` of another shape')
    const { name, descr, transient } = refusal.data
    throw new StorPoolApiError(asked, answer.status, {
      name: scrub(brief(name)),
      descr: scrub(brief(descr, 1000)),
      transient,
    })
  }
  if (answer.status !== 200 || 'error' in envelope || !('data' in envelope))
    throw unreadable(kindOf(answer, envelope), !('error' in envelope) && !('data' in envelope))

  const data = Data.safeParse(envelope.data)
  if (data.success) return data.data
  const [issue] = data.error.issues
  throw unreadable(
    `\`data\` of another shape: ${['data', ...(issue?.path ?? [])].join('.')}: ${issue?.message}`,
  )
}
