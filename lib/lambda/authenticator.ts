import { readFile } from 'node:fs/promises'
import { type Authenticator, inTurn } from '../auth/authenticator.ts'
import { basic } from '../auth/basic.ts'
import type { Plugin } from '../auth/caller.ts'
import { keystoneTokens } from '../auth/keystone.ts'
import type { Listed } from '../auth/listed.ts'
import type { Way } from '../auth/settings.ts'
import { staticTokens } from '../auth/static.ts'
import { userProject } from '../auth/user-project.ts'
import { authConfig } from '../config.ts'
import { DriverError } from '../errors.ts'
import { keystone } from '../glance/keystone.ts'
import { once } from '../once.ts'
import { keystoneOptions } from './openstack.ts'
import { secretText } from './secret.ts'

/**
 * Who calls, told in the ways that CINDERLESS_AUTH names; none are named: nobody is let in.
 *
 * @throws DriverError VolumeBackendError with every wrong setting at once.
 */
export const authenticator = once(
  (): Authenticator => inTurn(authConfig().CINDERLESS_AUTH.map((way) => plugins[way]())),
)

const plugins: Readonly<Record<Way, () => Plugin>> = {
  keystone() {
    const options = keystoneOptions('tokens cannot be checked')
    return keystoneTokens({ authUrl: options.authUrl, own: keystone(options) })
  },
  static: () => staticTokens(listIn('AUTH_TOKENS')),
  'user:project': () => userProject,
  basic: () => basic(listIn('AUTH_USERS')),
  oidc() {
    const settings = authConfig()
    const options = {
      issuer: settings.OIDC_ISSUER ?? '',
      audience: settings.OIDC_AUDIENCE ?? '',
      claims: {
        user: settings.OIDC_USER_CLAIM,
        project: settings.OIDC_PROJECT_CLAIM,
        roles: settings.OIDC_ROLES_CLAIM,
      },
    }
    // What verifies signatures is loaded only where it is used.
    const made = once(async () => (await import('../auth/oidc.ts')).oidc(options))
    return {
      challenge: 'Bearer realm="cinderless"',
      authenticate: async (shown, deadline) => (await made()).authenticate(shown, deadline),
    }
  },
}

/** A list as its setting has it, in a file, or in a secret. */
const listIn = (setting: 'AUTH_TOKENS' | 'AUTH_USERS'): Listed => {
  const settings = authConfig()
  const { PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: port, AWS_SESSION_TOKEN: session } = settings
  const given = settings[setting]
  if (given !== undefined) return { setting, read: async () => given }
  const file = settings[`${setting}_FILE`]
  if (file !== undefined) return { setting: `${setting}_FILE`, read: () => fileText(file, `${setting}_FILE`) }
  const secret = settings[`${setting}_SECRET`] ?? ''
  return { setting: `${setting}_SECRET`, read: () => secretText(secret, port, session) }
}

const fileText = (file: string, setting: string): Promise<string> =>
  readFile(file, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it failed'
    throw new DriverError('BackendUnavailable', `${setting} cannot be read: ${why}`, {
      cause,
      remedy: `Put the list where ${setting} says, where this program may read it.`,
    })
  })
