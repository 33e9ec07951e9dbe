import type { JWTPayload } from 'jose'
import { JOSEError } from 'jose/errors'
import { jwtVerify } from 'jose/jwt/verify'
import { DriverError } from '../errors.ts'
import type { Caller, Plugin, Role } from './caller.ts'
import { ProjectName, roleAmong, UserName } from './names.ts'
import { issuerKeys } from './oidc-keys.ts'
import { authorizationIn, tokenIn } from './shown.ts'

export interface OidcOptions {
  /** As tokens name it, and where it says of itself what it is. */
  readonly issuer: string
  /** What tokens must be meant for. */
  readonly audience: string
  /** The claims that say who, in which project, and what they may. */
  readonly claims: { readonly user: string; readonly project: string; readonly roles: string }
}

/** Signatures whose public keys an issuer publishes; a shared secret, or none, proves nothing. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512']

/** Seconds that clocks may differ. */
const LEEWAY_S = 10

/**
 * Signed tokens of an OpenID Connect issuer, in `Authorization: Bearer` or, as clients of OpenStack send any token, in
 * `X-Auth-Token`. Keys are found by the issuer's discovery document, kept, and read again when one is not known.
 *
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html
 */
export const oidc = ({ issuer, audience, claims }: OidcOptions): Pick<Plugin, 'authenticate'> => {
  const keyOf = issuerKeys(issuer)

  const payloadOf = async (token: string): Promise<JWTPayload | undefined> => {
    try {
      const options = { issuer, audience, algorithms, clockTolerance: LEEWAY_S, requiredClaims: ['exp'] }
      return (await jwtVerify(token, keyOf, options)).payload
    } catch (error) {
      if (error instanceof JOSEError) return undefined
      throw error
    }
  }

  return {
    async authenticate(shown): Promise<Caller | undefined> {
      const token = authorizationIn(shown, 'Bearer') ?? tokenIn(shown, 'x-auth-token')
      const payload = token === undefined || !isSigned(token) ? undefined : await payloadOf(token)
      if (payload === undefined) return undefined
      let isService = false
      if (shown.headers['x-service-token'] !== undefined) {
        const service = await payloadOf(tokenIn(shown, 'x-service-token') ?? '')
        if (service === undefined) return undefined
        isService = textsIn(service, claims.roles).some((name) => ['service', 'admin'].includes(name))
      }
      const [user] = textsIn(payload, claims.user)
      const [project] = textsIn(payload, claims.project)
      if (!UserName.safeParse(user).success || user === undefined) throw incomplete(claims.user, 'user')
      if (!ProjectName.safeParse(project).success || project === undefined) {
        throw incomplete(claims.project, 'project')
      }
      return { user, project, role: roleIn(payload, user, project), isService }
    },
  }

  function roleIn(payload: JWTPayload, user: string, project: string): Role {
    const role = roleAmong(textsIn(payload, claims.roles))
    if (role !== undefined) return role
    throw new DriverError('Forbidden', `user ${user} has no role here in project ${project}`, {
      remedy: `Give the user reader, member or admin in the claim ${claims.roles}.`,
    })
  }
}

const isSigned = (token: string): boolean => token.split('.').length === 3

/** A claim by its name, or by its way through objects, such as `realm_access.roles`: a text, or a list of them. */
const textsIn = (payload: JWTPayload, claim: string): string[] => {
  const direct = Object.hasOwn(payload, claim) ? payload[claim] : undefined
  const found = direct ?? claim.split('.').reduce<unknown>(stepInto, payload)
  const values: unknown[] = Array.isArray(found)
    ? found
    : typeof found === 'string'
      ? found.split(' ')
      : [found]
  return values.filter((value) => typeof value === 'string')
}

const stepInto = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined

const incomplete = (claim: string, what: string): DriverError =>
  new DriverError('Unauthenticated', `the token names no ${what} that is understood: claim ${claim}`, {
    remedy: `Have the issuer put the ${what} into the claim, or name another one in OIDC_${what.toUpperCase()}_CLAIM.`,
  })
