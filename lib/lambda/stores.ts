import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { Secrets } from '../agent/tasks.ts'
import { config } from '../config.ts'
import { DriverError } from '../errors.ts'
import { jsonIn } from '../json.ts'
import { secretText } from './secret.ts'

const Stores = z.record(z.string(), Secrets)

/**
 * What opens a store that agents know by its name: from a JSON of `{"<store>": {accessKeyId, …}}` in a secret or a file,
 * read for each task anew, as keys are changed. A store that is not in it needs none.
 *
 * @throws DriverError VolumeBackendError: it holds something else. BackendUnavailable: the secret cannot be read.
 */
export const secretsOf = async (store: string): Promise<Secrets | undefined> => {
  const { STORES_SECRET: secret, STORES_FILE: file } = config()
  const { PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: port, AWS_SESSION_TOKEN: session } = config()
  if (secret === undefined && file === undefined) return undefined
  const text =
    secret === undefined
      ? await readFile(file ?? '', 'utf8').catch(unreadable)
      : await secretText(secret, port, session)
  const parsed = Stores.safeParse(jsonIn(text))
  if (parsed.success) return parsed.data[store]
  throw wrong('the credentials of stores are not JSON of the form {"<store>": {"accessKeyId": …}}')
}

const unreadable = (cause: unknown): never => {
  throw wrong(
    `the credentials of stores cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
  )
}

const wrong = (message: string): DriverError =>
  new DriverError('VolumeBackendError', message, { remedy: 'Correct STORES_SECRET or STORES_FILE.' })
