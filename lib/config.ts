import { hostname } from 'node:os'
import * as z from 'zod'
import { roles } from './auth/caller.ts'
import { OpenStack } from './auth/openstack-settings.ts'
import { AuthSettings } from './auth/settings.ts'
import { DriverError } from './errors.ts'
import { once } from './once.ts'
import { confFiles, hostsOf, settingsOf } from './storpool/conf.ts'
import { BlockStorageSettings } from './volumes/settings.ts'

/**
 * The only reader of the environment. StorPool's and Cinder's own names are kept; an empty value is an absent one.
 */
const AgentAddress = z
  .url({ protocol: /^(https?|ssh)$/ })
  .refine((url) => URL.parse(url)?.password === '', 'has a password in it, and is shown: keys are the way in')
const Host = z
  .strictObject({
    clientId: z.int().min(1).max(4095).optional(),
    agent: AgentAddress.optional(),
    /** Its number on backends of `BACKENDS`, where it is a client of several clusters. */
    clients: z.record(z.string(), z.int().min(1).max(4095)).optional(),
    /** Jobs at work on it at once: no more than its agent's `maxTasks`. */
    tasks: z.int().min(1).max(64).optional(),
  })
  .refine(
    ({ clientId, agent }) => clientId !== undefined || agent !== undefined,
    'has neither clientId nor agent',
  )

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' })
    return z.NEVER
  }
})

const Prefix = z
  .string()
  .max(40)
  .regex(/^[A-Za-z0-9_\-.:]+$/, "must be in StorPool's alphabet: letters, digits and _ - . :")
const Template = z.string().regex(/^[A-Za-z0-9_-]+$/, 'must be letters, digits, _ and - only')
/** A file's last newline is no part of it; what a header may not hold would fail every call, and not say why. */
const Token = z
  .string()
  .trim()
  .regex(/^[!-~]+$/, 'holds something that no token holds')
/** StorPool speaks plain HTTP, with the token in every request; what stands in front of it may speak TLS. */
const Tls = z.enum(['on', 'off'])
/** How the cluster answers the revert of an attached volume. */
const RevertAttached = z.enum(['refused', 'allowed'])

/** A cluster beside the default one; what it does not say, the default one's settings say. */
const NamedCluster = z.strictObject({
  SP_API_HTTP_HOST: z.string().min(1),
  SP_API_HTTP_PORT: z.int().min(1).max(65535).default(81),
  SP_API_HTTP_TLS: Tls.optional(),
  SP_AUTH_TOKEN: Token.optional(),
  SP_AUTH_TOKEN_SECRET: z.string().min(1).optional(),
  SP_OPENSTACK_VOLUME_PREFIX: Prefix.optional(),
  STORPOOL_TEMPLATE: Template.optional(),
  STORPOOL_REPLICATION: z.int().min(1).max(3).optional(),
  STORPOOL_REVERT_ATTACHED: RevertAttached.optional(),
})

const Environment = z.object({
  SP_API_HTTP_HOST: z.string().default('127.0.0.1'),
  SP_API_HTTP_PORT: z.coerce.number().int().min(1).max(65535).default(81),
  SP_API_HTTP_TLS: Tls.default('off'),
  SP_AUTH_TOKEN: Token.optional(),
  /** Where the token is kept: a secret's name or ARN. The environment's own token wins. */
  SP_AUTH_TOKEN_SECRET: z.string().optional(),
  SP_OPENSTACK_VOLUME_PREFIX: Prefix.default('os'),
  STORPOOL_TEMPLATE: Template.optional(),
  STORPOOL_REPLICATION: z.coerce.number().int().min(1).max(3).default(3),
  STORPOOL_REVERT_ATTACHED: RevertAttached.default('refused'),
  BACKENDS: json.pipe(z.record(z.string().min(1).max(64), NamedCluster)).default({}),
  HOSTS: json.pipe(z.record(z.string(), Host)).default({}),
  CONF_HOSTS: z.record(z.string(), z.int()),
  JOB_HOST: z.string().optional(),
  /** What functions show to agents: a secret's name or ARN, or a file of the same JSON. */
  AGENT_CREDENTIALS_SECRET: z.string().optional(),
  AGENT_CREDENTIALS_FILE: z.string().optional(),
  /** What opens the stores agents know by name: a secret's name or ARN, or a file of the same JSON. */
  STORES_SECRET: z.string().optional(),
  STORES_FILE: z.string().optional(),
  HTTPS_PROXY: z.url().optional(),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** Set by Lambda and its extension for secrets. */
  AWS_SESSION_TOKEN: z.string().default(''),
  PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: z.coerce.number().int().min(1).max(65535).default(2773),
})
export type Config = Omit<z.infer<typeof Environment>, 'CONF_HOSTS'>

/** Where records are kept and jobs are queued: read by the functions that do either. */
const Table = z.object({ TABLE_NAME: z.string('is missing') })
const Queue = z.object({ QUEUE_URL: z.url('is missing or not an address') })
const DeadLetters = z.object({ DEAD_LETTERS_URL: z.url('is missing or not an address') })
const Starter = z.object({ JOB_FUNCTION_PREFIX: z.string('is missing'), JOB_ALIAS: z.string('is missing') })

/** Milliseconds for which AWS's services are waited for where they are on this machine; absent on AWS. */
const Answers = z.object({ AWS_ANSWER_MS: z.coerce.number().int().min(1).optional() })

/** What AWS's principals may do, by patterns of their ARNs: `*` is any letters. The first that fits counts. */
const Iam = z.object({
  IAM_ROLES: json.pipe(z.record(z.string().startsWith('arn:'), z.enum(roles))).optional(),
})
export type IamRoles = z.infer<typeof Iam>['IAM_ROLES']

const wrongConfiguration = (what: string, cause?: unknown): DriverError =>
  new DriverError('VolumeBackendError', `the configuration is wrong: ${what}`, {
    cause,
    remedy: 'Correct these settings in the environment of the function, or in storpool.conf.',
  })

const given = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value ? [[name, value]] : [])))

/**
 * @throws DriverError VolumeBackendError with every wrong setting at once, each by name and none with its value.
 */
const read = <T>(settings: z.ZodType<T>, from: Record<string, unknown> = given()): T => {
  const parsed = settings.safeParse(from)
  if (parsed.success) return parsed.data
  throw wrongConfiguration(
    parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '),
  )
}

/**
 * The environment with what storpool.conf says laid over it, where there is one: the vendor lets the environment
 * decide the address and the token only. The sections of the file that have a client id are hosts.
 */
const withConf = (): Record<string, unknown> => {
  const environment = given()
  try {
    const files = confFiles(environment.STORPOOL_CONF)
    return { ...environment, ...settingsOf(files, hostname(), environment), CONF_HOSTS: hostsOf(files) }
  } catch (error) {
    throw wrongConfiguration(error instanceof Error ? error.message : 'storpool.conf cannot be read', error)
  }
}

/** One registry of hosts. @throws DriverError: two places say different client ids for one host. */
const mergedHosts = ({ HOSTS, CONF_HOSTS }: z.infer<typeof Environment>): Config['HOSTS'] => {
  const merged = new Map(Object.entries(HOSTS))
  for (const [name, clientId] of Object.entries(CONF_HOSTS)) {
    const there = merged.get(name)
    if (there?.clientId !== undefined && there.clientId !== clientId) {
      throw wrongConfiguration(
        `HOSTS says client ${there.clientId} for ${name}, storpool.conf says ${clientId}`,
      )
    }
    merged.set(name, { ...there, clientId })
  }
  return Object.fromEntries(merged)
}

const WithToken = Environment.refine(
  ({ SP_AUTH_TOKEN, SP_AUTH_TOKEN_SECRET }) =>
    SP_AUTH_TOKEN !== undefined || SP_AUTH_TOKEN_SECRET !== undefined,
  { path: ['SP_AUTH_TOKEN'], message: 'is missing, and so is SP_AUTH_TOKEN_SECRET', when: () => true },
)

export const config = once((): Config => {
  const { CONF_HOSTS, ...settings } = read(WithToken, withConf())
  return { ...settings, HOSTS: mergedHosts({ ...settings, CONF_HOSTS }) }
})
export const tableName = once(() => read(Table).TABLE_NAME)
export const queueUrl = once(() => read(Queue).QUEUE_URL)
export const deadLettersUrl = once(() => read(DeadLetters).DEAD_LETTERS_URL)
export const answerMs = once(() => read(Answers).AWS_ANSWER_MS)
export const starterConfig = once(() => read(Starter))

export const blockStorageConfig = once(() => read(BlockStorageSettings))

/** @returns undefined where no Keystone is configured. */
export const openStackConfig = once((): OpenStack | undefined => {
  const settings = given()
  return settings.OS_AUTH_URL === undefined ? undefined : read(OpenStack, settings)
})

export const authConfig = once((): AuthSettings => read(AuthSettings))
export const iamRoles = once((): IamRoles => read(Iam).IAM_ROLES)
