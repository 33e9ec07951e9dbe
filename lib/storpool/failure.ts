import { type Asked, StorPoolUnreachable, StorPoolUnreadable } from './errors.ts'

/** What is known of a try while it runs. */
export interface Try {
  /** The connection stands: bytes of the request may be on their way. */
  connected: boolean
  /** HTTP status, 0 until there is one. */
  status: number
  /** Milliseconds after which it was given up. */
  gaveUpAfter?: number
}

const wordsOf = (error: unknown): string => (error instanceof Error && error.message) || 'no reason given'

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/**
 * What it means that a try ended without an answer, in words made from those of what was thrown. That itself is
 * never the `cause`: it holds the request, and the request its headers.
 */
export const meaningOf = (error: unknown, asked: Asked, { connected, status, gaveUpAfter }: Try): Error => {
  if (gaveUpAfter !== undefined) {
    return connected
      ? new StorPoolUnreachable(asked, 'silent', `no answer within ${gaveUpAfter} ms`)
      : new StorPoolUnreachable(asked, 'connect', `no connection within ${gaveUpAfter} ms`)
  }
  if (!connected) return new StorPoolUnreachable(asked, 'connect', `no connection: ${wordsOf(error)}`)

  const code = codeOf(error)
  if (code.startsWith('HPE_')) return new StorPoolUnreadable(asked, status, `not HTTP: ${code}`)
  if (code === 'ERR_BAD_RESPONSE' && wordsOf(error).startsWith('maxContentLength')) {
    return new StorPoolUnreadable(asked, status, 'an answer too long to read')
  }
  return new StorPoolUnreachable(asked, 'broken', `the connection broke: ${wordsOf(error)}`)
}
