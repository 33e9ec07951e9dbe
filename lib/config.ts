import * as z from 'zod'
import { DriverError } from './errors.ts'
import { once } from './once.ts'

/**
 * The only reader of the environment. StorPool's and Cinder's own names are kept; an empty value is an absent one.
 */
const Host = z.strictObject({
  clientId: z.int().min(1).max(4095),
  agent: z.url({ protocol: /^(https?|ssh)$/ }).optional(),
})

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' })
    return z.NEVER
  }
})

const Environment = z.object({
  SP_API_HTTP_HOST: z.string().default('127.0.0.1'),
  SP_API_HTTP_PORT: z.coerce.number().int().min(1).max(65535).default(81),
  SP_AUTH_TOKEN: z.string('is missing'),
  SP_OPENSTACK_VOLUME_PREFIX: z
    .string()
    .max(40)
    .regex(/^[A-Za-z0-9_\-.:]+$/, "must be in StorPool's alphabet: letters, digits and _ - . :")
    .default('os'),
  STORPOOL_TEMPLATE: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'must be letters, digits, _ and - only')
    .optional(),
  STORPOOL_REPLICATION: z.coerce.number().int().min(1).max(3).default(3),
  HOSTS: json.pipe(z.record(z.string(), Host)).default({}),
  JOB_HOST: z.string().optional(),
  HTTPS_PROXY: z.url().optional(),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})
export type Config = z.infer<typeof Environment>

/** Where records are kept and jobs are queued: read by the functions that do either. */
const Table = z.object({ TABLE_NAME: z.string('is missing') })
const Queue = z.object({ QUEUE_URL: z.url('is missing or not an address') })
const Starter = z.object({ JOB_FUNCTION_PREFIX: z.string('is missing'), JOB_ALIAS: z.string('is missing') })

/**
 * @throws DriverError VolumeBackendError with every wrong setting at once, each by name and none with its value.
 */
const read = <T>(settings: z.ZodType<T>): T => {
  const given = Object.entries(process.env).filter(([, value]) => value !== '')
  const parsed = settings.safeParse(Object.fromEntries(given))
  if (parsed.success) return parsed.data
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
  throw new DriverError('VolumeBackendError', `the configuration is wrong: ${wrong.join('; ')}`, {
    remedy: 'Correct these settings in the environment of the function.',
  })
}

export const config = once(() => read(Environment))
export const tableName = once(() => read(Table).TABLE_NAME)
export const queueUrl = once(() => read(Queue).QUEUE_URL)
export const starterConfig = once(() => read(Starter))
