import * as z from 'zod'

/** The ways to tell who calls. */
export const ways = ['keystone', 'static', 'user:project', 'basic', 'oidc'] as const
export type Way = (typeof ways)[number]

const Ways = z
  .string()
  .transform((text, context): readonly Way[] => {
    const named = text.split(',').map((way) => way.trim())
    const known = ways.filter((way) => named.includes(way))
    const fault = (message: string) => context.addIssue({ code: 'custom', message })
    if (!named.every((name) => known.some((way) => way === name))) fault(`must be of ${ways.join(', ')}`)
    if (known.length > 1 && known.includes('user:project')) {
      fault('has user:project, which lets everybody in, beside others: leave it out')
    }
    return named.flatMap((name) => known.filter((way) => way === name))
  })
  .default([])

/** What an issuer says may open everything: it comes over TLS, or from this machine. */
export const IssuerUrl = z.url().refine((text) => {
  const url = URL.parse(text)
  return (
    url?.protocol === 'https:' ||
    (url?.protocol === 'http:' && /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/.test(url.hostname))
  )
}, 'must be an address of https')
const Claim = z.string().min(1).max(255)

/** Who may call, as it is configured; the names of settings are the environment's. */
export const AuthSettings = z
  .object({
    CINDERLESS_AUTH: Ways,
    /** `{"<token>": {"user", "project", "role"}}`, or where that is: the environment's own wins, then the file. */
    AUTH_TOKENS: z.string().optional(),
    AUTH_TOKENS_FILE: z.string().optional(),
    AUTH_TOKENS_SECRET: z.string().optional(),
    /** `{"<user>": {"password", "project", "role"}}`, or where that is. */
    AUTH_USERS: z.string().optional(),
    AUTH_USERS_FILE: z.string().optional(),
    AUTH_USERS_SECRET: z.string().optional(),
    OIDC_ISSUER: IssuerUrl.optional(),
    OIDC_AUDIENCE: z.string().optional(),
    OIDC_USER_CLAIM: Claim.default('sub'),
    OIDC_PROJECT_CLAIM: Claim.default('project_id'),
    OIDC_ROLES_CLAIM: Claim.default('roles'),
    AWS_SESSION_TOKEN: z.string().default(''),
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: z.coerce.number().int().min(1).max(65535).default(2773),
  })
  .superRefine((given, context) => {
    const wants = (way: Way, ...names: readonly (keyof typeof given)[]) => {
      if (!given.CINDERLESS_AUTH.includes(way) || names.some((name) => given[name] !== undefined)) return
      const [first = '', ...others] = names
      const message = `is missing${others.map((name) => `, and so is ${name}`).join('')}: CINDERLESS_AUTH has ${way}`
      context.addIssue({ code: 'custom', path: [first], message })
    }
    wants('static', 'AUTH_TOKENS', 'AUTH_TOKENS_FILE', 'AUTH_TOKENS_SECRET')
    wants('basic', 'AUTH_USERS', 'AUTH_USERS_FILE', 'AUTH_USERS_SECRET')
    wants('oidc', 'OIDC_ISSUER')
    wants('oidc', 'OIDC_AUDIENCE')
  })
export type AuthSettings = z.infer<typeof AuthSettings>
