import * as z from 'zod'

/**
 * Who we are to Keystone, under the names every OpenStack client reads. Two ways: a user's password with a project, or
 * an application credential, which knows its project by itself.
 */
export const OpenStack = z
  .object({
    OS_AUTH_URL: z.url({ protocol: /^https?$/, error: 'is missing or no address of http or https' }),
    OS_REGION_NAME: z.string().optional(),
    OS_INTERFACE: z.enum(['public', 'internal', 'admin']).default('public'),
    OS_USERNAME: z.string().optional(),
    OS_PASSWORD: z.string().optional(),
    /** Where the password, or the application credential's secret, is kept: a secret's name or ARN. The environment's own wins. */
    OS_PASSWORD_SECRET: z.string().optional(),
    OS_PROJECT_NAME: z.string().optional(),
    OS_USER_DOMAIN_ID: z.string().optional(),
    OS_USER_DOMAIN_NAME: z.string().optional(),
    OS_PROJECT_DOMAIN_ID: z.string().optional(),
    OS_PROJECT_DOMAIN_NAME: z.string().optional(),
    OS_APPLICATION_CREDENTIAL_ID: z.string().optional(),
    OS_APPLICATION_CREDENTIAL_SECRET: z.string().optional(),
    AWS_SESSION_TOKEN: z.string().default(''),
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: z.coerce.number().int().min(1).max(65535).default(2773),
  })
  .superRefine((given, context) => {
    const byCredential = given.OS_APPLICATION_CREDENTIAL_ID !== undefined
    const secret = byCredential ? 'OS_APPLICATION_CREDENTIAL_SECRET' : 'OS_PASSWORD'
    const missing = (byCredential ? [] : (['OS_USERNAME', 'OS_PROJECT_NAME'] as const)).filter(
      (name) => given[name] === undefined,
    )
    const fault = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message })
    for (const name of missing) fault(name, 'is missing')
    if (given[secret] === undefined && given.OS_PASSWORD_SECRET === undefined)
      fault(secret, 'is missing, and so is OS_PASSWORD_SECRET')
    if (byCredential && given.OS_USERNAME !== undefined)
      fault('OS_APPLICATION_CREDENTIAL_ID', 'is given, and so is OS_USERNAME: leave one of them out')
  })
export type OpenStack = z.infer<typeof OpenStack>
