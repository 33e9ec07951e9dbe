import * as z from 'zod'
import { ServiceUnreadable } from './errors.ts'
import { exchange, parsed, type Request } from './http.ts'
import { retrying } from './retry.ts'

/** A user's password, or an application credential, which knows its project by itself. */
export type Identity =
  | {
      readonly username: string
      readonly password: string
      readonly userDomain: Domain
      readonly projectName: string
      readonly projectDomain: Domain
    }
  | { readonly applicationCredentialId: string; readonly secret: string }
export type Domain = { readonly id: string } | { readonly name: string }

export interface KeystoneOptions {
  /** `OS_AUTH_URL`, with or without `/v3` at its end. */
  readonly authUrl: string
  readonly region: string | undefined
  readonly interface: 'public' | 'internal' | 'admin'
  /** Read for each token anew, as passwords are changed. */
  readonly identity: () => Promise<Identity>
}

const Endpoint = z.looseObject({
  interface: z.string(),
  url: z.string(),
  region: z.string().nullish(),
  region_id: z.string().nullish(),
})
const Issued = z.looseObject({
  token: z.looseObject({
    expires_at: z.iso.datetime({ offset: true }),
    catalog: z.array(z.looseObject({ type: z.string(), endpoints: z.array(Endpoint) })).default([]),
  }),
})

export interface Session {
  readonly token: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** Where Glance is; undefined where the catalog has none for this region and interface. */
  readonly glance: string | undefined
}

/** A token with less time than this is not used: what it was asked for would end in the middle. */
const LEAST_MS = 5 * 60_000

const asked = { service: 'Keystone', label: 'issue a token', mutates: false } as const

/** Where Keystone issues tokens and says what they are. */
export const tokensAt = (authUrl: string): string =>
  `${authUrl.replace(/\/+$/, '').replace(/\/v3$/, '')}/v3/auth/tokens`

/**
 * Tokens of one user, each kept until shortly before its end.
 *
 * @see https://docs.openstack.org/api-ref/identity/v3/ "Password authentication with scoped authorization"
 */
export const keystone = (options: KeystoneOptions) => {
  const url = tokensAt(options.authUrl)
  let kept: Promise<Session> | undefined

  const issue = async (deadline: number): Promise<Session> => {
    const request: Request = {
      ...{ ...asked, method: 'POST', url },
      headers: { 'content-type': 'application/json' },
      body: { auth: authOf(await options.identity()) },
    }
    const answer = await retrying(deadline, async () => {
      const answer = await exchange(request, deadline)
      return { ...answer, issued: parsed(asked, answer, Issued) }
    })
    const token = answer.headers['x-subject-token']
    if (typeof token !== 'string' || !/^[!-~]+$/.test(token)) {
      throw new ServiceUnreadable(asked, answer.status, 'it has no X-Subject-Token')
    }
    const { expires_at, catalog } = answer.issued.token
    const endpoints = catalog.filter(({ type }) => type === 'image').flatMap((entry) => entry.endpoints)
    const glance = endpoints.find(
      (one) =>
        one.interface === options.interface &&
        (options.region === undefined || one.region_id === options.region || one.region === options.region),
    )
    return { token, expiresAt: Date.parse(expires_at), glance: glance?.url }
  }

  return {
    /**
     * @throws ServiceRefused 401 the user is not let in
     * @throws ServiceUnreachable, ServiceUnreadable
     */
    session: async (deadline: number): Promise<Session> => {
      const there = await kept?.catch(() => undefined)
      if (there !== undefined && there.expiresAt - Date.now() > LEAST_MS) return there
      kept = issue(deadline)
      return kept
    },
    /** This token is no longer good. */
    drop: async (token: string): Promise<void> => {
      const there = await kept?.catch(() => undefined)
      if (there?.token === token) kept = undefined
    },
  }
}
export type Keystone = ReturnType<typeof keystone>

const authOf = (identity: Identity) => {
  if ('secret' in identity) {
    const { applicationCredentialId: id, secret } = identity
    return { identity: { methods: ['application_credential'], application_credential: { id, secret } } }
  }
  const { username: name, password, userDomain: domain, projectName, projectDomain } = identity
  return {
    identity: { methods: ['password'], password: { user: { name, password, domain } } },
    scope: { project: { name: projectName, domain: projectDomain } },
  }
}
