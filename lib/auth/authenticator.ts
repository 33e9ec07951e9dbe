import { DriverError } from '../errors.ts'
import type { Caller, Plugin, Shown } from './caller.ts'

/** Says who calls, or refuses. */
export interface Authenticator {
  /**
   * @param deadline epoch milliseconds
   * @throws DriverError Unauthenticated 401: nobody who is known. Forbidden 403: somebody without a role here.
   *   BackendUnavailable 503: who would know does not answer.
   */
  authenticate(shown: Shown, deadline: number): Promise<Caller>
  /** The header `WWW-Authenticate` of a refusal. */
  challenge(): string
}

/**
 * Ask each way in turn; the first that knows the caller counts. What one of them threw is told where none does: with
 * Keystone away, who shows a token that is written down is still known.
 */
export const inTurn = (plugins: readonly Plugin[]): Authenticator => ({
  async authenticate(shown, deadline) {
    let failure: unknown
    for (const plugin of plugins) {
      try {
        const caller = await plugin.authenticate(shown, deadline)
        if (caller !== undefined) return caller
      } catch (error) {
        failure ??= error
      }
    }
    throw failure ?? unknown(shown, plugins.length === 0)
  },

  challenge: () => [...new Set(plugins.map(({ challenge }) => challenge))].join(', ') || NO_WAY,
})

const NO_WAY = 'Token realm="cinderless"'

const unknown = ({ headers }: Shown, noWay: boolean): DriverError => {
  if (noWay) {
    return new DriverError('Unauthenticated', 'nobody is let in: CINDERLESS_AUTH is not set', {
      remedy: 'Set CINDERLESS_AUTH to keystone, static, basic or oidc; docs/auth.md says what each needs.',
    })
  }
  const shown = headers['x-auth-token'] ?? headers.authorization
  return shown === undefined
    ? new DriverError('Unauthenticated', 'the request shows neither X-Auth-Token nor Authorization', {
        remedy: 'Send the token in the header X-Auth-Token.',
      })
    : new DriverError('Unauthenticated', 'what the request shows of its sender is not valid here', {
        remedy: 'Repeat with a token that is still good.',
      })
}
