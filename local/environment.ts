import type { Service, Value } from './service.ts'

/** Names a value of `serverless.yml` may refer to, filled in. */
export type Resolve = (resource: string, attribute?: string) => string

const textOf = (value: Value, resolve: Resolve): string =>
  typeof value === 'string' ? value : resolve(value.ref, 'attribute' in value ? value.attribute : undefined)

/**
 * The environment of all functions together: on AWS each has its own, here they share a process.
 *
 * @param without variables that this machine gives values of its own.
 * @throws Error naming two functions that want different values of one variable.
 */
export const environmentOf = (
  service: Service,
  resolve: Resolve,
  without: readonly string[] = [],
): Record<string, string> => {
  const environment: Record<string, string> = {}
  const owner: Record<string, string> = {}
  for (const fn of service.functions.values()) {
    for (const [name, value] of Object.entries(fn.environment)) {
      if (without.includes(name)) continue
      const text = textOf(value, resolve)
      if (Object.hasOwn(environment, name) && environment[name] !== text) {
        throw new Error(
          `serverless.yml: functions ${owner[name]} and ${fn.key} want different values of ${name}, and share one process here`,
        )
      }
      environment[name] = text
      owner[name] = fn.key
    }
  }
  return environment
}

/** Things in a person's shell that would lead an AWS client, or the driver, away from this machine. */
const unwanted = [
  'AWS_PROFILE',
  'AWS_SESSION_TOKEN',
  'AWS_ENDPOINT_URL',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
]

export interface Endpoints {
  readonly dynamodb: string
  readonly sqs: string
  readonly lambda: string
}

/** What Lambda gives every function, with endpoints of this machine and credentials worth nothing. */
export const awsEnvironment = (region: string, endpoints: Endpoints): Record<string, string> => ({
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  // Less than a function has, more than a process stands still.
  AWS_ANSWER_MS: '20000',
  AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
  AWS_ENDPOINT_URL_SQS: endpoints.sqs,
  AWS_ENDPOINT_URL_LAMBDA: endpoints.lambda,
})

/** Set variables of this process. @returns what puts all as it was. */
export const useEnvironment = (
  values: Readonly<Record<string, string>>,
  without: readonly string[] = [],
): (() => void) => {
  const names = [...Object.keys(values), ...unwanted, ...without]
  const before = names.map((name) => [name, process.env[name]] as const)
  for (const name of [...unwanted, ...without]) delete process.env[name]
  Object.assign(process.env, values)
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
