import { timingSafeEqual } from 'node:crypto'
import * as z from 'zod'
import type { Plugin } from './caller.ts'
import { type Listed, listed } from './listed.ts'
import { callerFrom, Entry } from './names.ts'
import { digestOf, tokenIn } from './shown.ts'

const Tokens = z
  .record(z.string().regex(/^[!-~]+$/), Entry, { error: 'must be JSON of the form {"<token>": {…}}' })
  .transform((tokens) =>
    Object.entries(tokens).map(([token, entry]) => ({ digest: digestOf(token), ...entry })),
  )

/**
 * Tokens that are written down: `{"<token>": {"user", "project", "role"}}`. Digests of them are compared, each in the same
 * time. A service's token is one of an admin.
 */
export const staticTokens = (list: Listed): Plugin => {
  const tokens = listed(list, Tokens)

  const holderOf = async (token: string): Promise<Entry | undefined> => {
    const digest = digestOf(token)
    const found = (await tokens()).filter((one) => timingSafeEqual(one.digest, digest))
    return found[0]
  }

  return {
    challenge: 'Token realm="cinderless"',

    async authenticate(shown) {
      const token = tokenIn(shown, 'x-auth-token')
      const holder = token === undefined ? undefined : await holderOf(token)
      if (holder === undefined) return undefined
      const serviceToken = shown.headers['x-service-token']
      if (serviceToken === undefined) return callerFrom(holder, shown, false)
      const service = await holderOf(serviceToken)
      return service && callerFrom(holder, shown, service.role === 'admin')
    },
  }
}
