import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { isRefused, ServiceRefused } from '../glance/errors.ts'
import { exchange, parsed } from '../glance/http.ts'
import { type Keystone, tokensAt } from '../glance/keystone.ts'
import { retrying } from '../glance/retry.ts'
import type { Plugin, Role } from './caller.ts'
import { roleAmong } from './names.ts'
import { type Answer, remembered } from './remembered.ts'
import { digestOf, tokenIn } from './shown.ts'

/** Milliseconds for which a token is gone by once Keystone has said what it is: one revoked is refused within that time. */
const KEPT_MS = 60_000
/** The same for one that is not good. */
const REFUSED_MS = 5_000
/** What Keystone may take; the call itself has to be done afterwards. */
const ANSWER_MS = 10_000
const MOST_TOKENS = 10_000

const Known = z.looseObject({
  token: z.looseObject({
    user: z.looseObject({ id: z.string() }),
    project: z.looseObject({ id: z.string() }).optional(),
    roles: z.array(z.looseObject({ name: z.string() })).default([]),
    expires_at: z.iso.datetime({ offset: true }),
  }),
})

/** What a token says. */
interface Told {
  readonly user: string
  readonly project: string | undefined
  readonly role: Role | undefined
  readonly ofService: boolean
}

const asked = { service: 'Keystone', label: 'check a token', mutates: false } as const

export interface KeystoneTokens {
  /** `OS_AUTH_URL`: told to whoever is refused, too. */
  readonly authUrl: string
  /** Our own token, which Keystone wants to see as well. */
  readonly own: Keystone
}

/**
 * Tokens of Keystone's, and a service's beside it in `X-Service-Token`: with one of those, the caller's may have expired
 * meanwhile, as what the service does for them may take long. What Keystone says is kept for a minute, and never longer than
 * a token is good. Tokens of application credentials are like any other, but those with access rules are refused: Keystone
 * itself does that where a service does not say that it heeds them.
 *
 * @see https://docs.openstack.org/api-ref/identity/v3/ "Validate and show information for token"
 */
export const keystoneTokens = ({ authUrl, own }: KeystoneTokens): Plugin => {
  const kept = remembered<Told | undefined>(MOST_TOKENS)

  const ask = async (token: string, query: string, deadline: number): Promise<Answer<Told | undefined>> => {
    const url = `${tokensAt(authUrl)}?nocatalog${query}`
    const look = async () => {
      const session = await own.session(deadline)
      const headers = { 'x-auth-token': session.token, 'x-subject-token': token }
      const answer = await exchange({ ...asked, method: 'GET', url, headers }, deadline)
      if (answer.status === 401) await own.drop(session.token)
      return answer.status === 404 ? undefined : parsed(asked, answer, Known)
    }
    // Our own token may have been revoked: once more with a new one.
    const known = await retrying(deadline, look)
      .catch((error: unknown) => (isRefused(error, 401) ? look() : Promise.reject(error)))
      .catch((error: unknown) => {
        throw undecided(error)
      })
    return known === undefined
      ? { value: undefined, until: Date.now() + REFUSED_MS }
      : { value: told(known), until: Math.min(Date.now() + KEPT_MS, Date.parse(known.token.expires_at)) }
  }

  const check = (token: string, deadline: number, query = '') =>
    kept(digestOf(token + query).toString('hex'), () =>
      ask(token, query, Math.min(deadline, Date.now() + ANSWER_MS)),
    )

  return {
    challenge: `Keystone uri="${new URL(authUrl).href.replaceAll('"', '%22')}"`,

    async authenticate(shown, deadline) {
      const token = tokenIn(shown, 'x-auth-token')
      if (token === undefined) return undefined
      let isService = false
      if (shown.headers['x-service-token'] !== undefined) {
        const service = await check(tokenIn(shown, 'x-service-token') ?? '', deadline)
        if (service === undefined) return undefined
        isService = service.ofService
      }
      const caller = await check(token, deadline, isService ? '&allow_expired=1' : '')
      if (caller === undefined) return undefined
      const { user, project, role } = caller
      if (project === undefined) {
        throw new DriverError('Unauthenticated', 'the token is for no project', {
          remedy: 'Ask Keystone for one that is: with OS_PROJECT_NAME or OS_PROJECT_ID.',
        })
      }
      if (role === undefined) {
        throw new DriverError('Forbidden', `user ${user} has no role here in project ${project}`, {
          remedy: 'Give the user the role reader, member or admin in that project.',
        })
      }
      return { user, project, role, isService, token }
    },
  }
}

const told = ({ token: { user, project, roles } }: z.infer<typeof Known>): Told => {
  const names = roles.map(({ name }) => name)
  const ofService = names.some((name) => ['service', 'admin'].includes(name.toLowerCase()))
  return { user: user.id, project: project?.id, role: roleAmong(names), ofService }
}

/** Whether the token is good nobody knows, so nobody is let in. */
const undecided = (error: unknown): DriverError => {
  const refused = error instanceof ServiceRefused ? error.status : undefined
  const remedy =
    refused === 401
      ? 'Correct OS_USERNAME, OS_PASSWORD and the project, or the application credential.'
      : refused === 403
        ? 'Give the user of OS_USERNAME the role service or admin in its project.'
        : 'Repeat when Keystone answers at OS_AUTH_URL again.'
  const why = error instanceof Error ? error.message : 'Keystone was not asked'
  return new DriverError('BackendUnavailable', `the token cannot be checked: ${why}`, {
    cause: error,
    remedy,
  })
}
