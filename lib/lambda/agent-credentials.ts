import { readFile } from 'node:fs/promises'
import { type AgentCredentials, parseCredentials } from '../agent/credentials.ts'
import { config } from '../config.ts'
import { DriverError } from '../errors.ts'
import { secretText } from './secret.ts'

/**
 * What this function shows to agents: the JSON that `npm run agent -- certs` writes, in a secret or a file. Read when
 * an agent is first asked, and again when one does not let us in.
 *
 * @throws DriverError HostNotReady: neither is configured, or it holds something else. BackendUnavailable: the
 *   secret cannot be read.
 */
export const agentCredentials = async (): Promise<AgentCredentials> => {
  const { AGENT_CREDENTIALS_SECRET: secret, AGENT_CREDENTIALS_FILE: file } = config()
  const { PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: port, AWS_SESSION_TOKEN: session } = config()
  if (secret === undefined && file === undefined) {
    throw notReady(
      'no credentials for agents are configured',
      'Set AGENT_CREDENTIALS_SECRET, or AGENT_CREDENTIALS_FILE.',
    )
  }
  const text =
    secret === undefined
      ? await readFile(file ?? '', 'utf8').catch(unreadable)
      : await secretText(secret, port, session)
  try {
    return parseCredentials(text)
  } catch (cause) {
    throw notReady(
      reasonOf(cause),
      'Put one of the JSON files there that npm run agent -- certs writes.',
      cause,
    )
  }
}

const unreadable = (cause: unknown): never => {
  throw notReady(
    `the credentials for agents cannot be read: ${reasonOf(cause)}`,
    'Correct AGENT_CREDENTIALS_FILE.',
    cause,
  )
}

const notReady = (message: string, remedy: string, cause?: unknown) =>
  new DriverError('HostNotReady', message, { remedy, cause })

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
