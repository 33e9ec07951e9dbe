import { createHash } from 'node:crypto'
import type { Shown } from './caller.ts'

/** The longest that is looked at: tokens of Keystone's have some 200 letters, signed ones a few thousand. */
const LONGEST = 12_288

/** A header that may be a token; what could not be one, or could not be sent on, is as good as none. */
export const tokenIn = ({ headers }: Shown, name: 'x-auth-token' | 'x-service-token'): string | undefined => {
  const text = headers[name]?.trim()
  return text !== undefined && text.length <= LONGEST && /^[!-~]+$/.test(text) ? text : undefined
}

/** What `Authorization` holds after the name of a scheme. */
export const authorizationIn = ({ headers }: Shown, scheme: 'Basic' | 'Bearer'): string | undefined => {
  const [, name = '', text] = /^\s*(\w+) +([!-~]+)\s*$/.exec(headers.authorization ?? '') ?? []
  return text !== undefined && text.length <= LONGEST && name.toLowerCase() === scheme.toLowerCase()
    ? text
    : undefined
}

/** User and password of HTTP basic. */
export const basicIn = (shown: Shown): { user: string; password: string } | undefined => {
  const text = Buffer.from(authorizationIn(shown, 'Basic') ?? '', 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** What stands for a token where it is kept or compared: of one length, and no token. */
export const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest()
