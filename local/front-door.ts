import type { Authenticator } from '../lib/auth/authenticator.ts'
import type { Caller } from '../lib/auth/caller.ts'
import { inDriversWords } from '../lib/drivers-words.ts'
import type { GatewayError } from './gateway-answer.ts'
import { isLoopback } from './http.ts'
import { CannotStart, reasonOf } from './state.ts'

/** Stands where AWS would check who calls, and lets in or refuses. */
export interface FrontDoor {
  check(headers: Readonly<Record<string, string>>): Promise<Caller | Refused>
}

export interface Refused {
  readonly error: GatewayError
  /** The header `WWW-Authenticate`, where it helps to show something else. */
  readonly challenge: string | undefined
}

/** Milliseconds that finding out may take. */
const ANSWER_MS = 15_000

/** In AWS it is IAM that checks who calls a driver operation; here it is what checks the API's callers, too. */
export const frontDoor = (authenticator: Authenticator): FrontDoor => ({
  async check(headers) {
    try {
      return await authenticator.authenticate({ headers }, Date.now() + ANSWER_MS)
    } catch (thrown) {
      const { name, message, remedy } = inDriversWords(thrown)
      return {
        error: { name, message, ...(remedy !== undefined && { remedy }) },
        challenge: name === 'Unauthenticated' ? authenticator.challenge() : undefined,
      }
    }
  },
})

/**
 * What checks callers; undefined where they are believed, which is for this machine alone.
 *
 * @throws CannotStart: the check is wrongly configured, or there is none for an address that others reach.
 */
export const doorOf = async (auth: string, host: string): Promise<FrontDoor | undefined> => {
  if (auth !== 'user:project') {
    const { authenticator } = await import('../lib/lambda/authenticator.ts')
    try {
      return frontDoor(authenticator())
    } catch (error) {
      throw new CannotStart(reasonOf(error))
    }
  }
  if (isLoopback(host)) return undefined
  throw new CannotStart(
    `${host} is not an address of this machine only, and nothing checks who calls. Set CINDERLESS_AUTH to keystone, static, basic or oidc: docs/auth.md`,
  )
}
