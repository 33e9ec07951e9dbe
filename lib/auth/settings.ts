import * as z from 'zod'

/** The ways to tell who calls. */
export const ways = ['keystone', 'static', 'user:project'] as const
export type Way = (typeof ways)[number]

const Ways = z
  .string()
  .transform((text) => text.split(',').map((way) => way.trim()))
  .pipe(z.array(z.enum(ways, { error: `must be of ${ways.join(', ')}` })))
  .refine((all) => all.length === 1 || !all.includes('user:project'), {
    error: 'has user:project, which lets everybody in, beside others: leave it out',
  })
  .default([])

/** Who may call, as it is configured; the names of settings are the environment's. */
export const AuthSettings = z
  .object({
    CINDERLESS_AUTH: Ways,
    /** `{"<token>": {"user", "project", "role"}}`, or where that is: the environment's own wins, then the file. */
    AUTH_TOKENS: z.string().optional(),
    AUTH_TOKENS_FILE: z.string().optional(),
    AUTH_TOKENS_SECRET: z.string().optional(),
    AWS_SESSION_TOKEN: z.string().default(''),
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: z.coerce.number().int().min(1).max(65535).default(2773),
  })
  .superRefine((given, context) => {
    const wants = (way: Way, ...names: readonly (keyof typeof given)[]) => {
      if (!given.CINDERLESS_AUTH.includes(way) || names.some((name) => given[name] !== undefined)) return
      const [first = '', ...others] = names
      const message = `is missing, and so is ${others.join(' and ')}: CINDERLESS_AUTH has ${way}`
      context.addIssue({ code: 'custom', path: [first], message })
    }
    wants('static', 'AUTH_TOKENS', 'AUTH_TOKENS_FILE', 'AUTH_TOKENS_SECRET')
  })
export type AuthSettings = z.infer<typeof AuthSettings>
