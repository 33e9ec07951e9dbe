import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseConfig } from '../../agent/config.ts'
import { clientNames, type Role } from '../../agent/roles.ts'
import { startAgent } from '../../agent/server.ts'
import { logger } from '../../lib/log.ts'
import type { Simulator } from '../../simulator/server.ts'
import { authority, tlsFiles } from '../agent/certificates.ts'
import { session, startExtension } from '../support/extension.ts'
import { startTable } from '../support/table.ts'

/** The place a deployed function is in: a table, its secrets, and a host whose agent speaks mutual TLS. */
export const startPlace = async (folder: string, simulator: Simulator) => {
  const at = (...names: string[]) => join(folder, 'place', ...names)
  for (const name of ['images', 'state']) await mkdir(at(name), { recursive: true })
  const ca = authority()
  const stack = new AsyncDisposableStack()
  const agent = await startAgent(
    parseConfig({
      host: 'alpha',
      clientId: 1,
      storpoolConf: at('storpool.conf'),
      listen: { address: '127.0.0.1', port: 0 },
      tls: tlsFiles(at('tls'), ca).files,
      devices: simulator.devicesOf(1),
      images: at('images'),
      state: at('state'),
    }),
    logger('error'),
  )
  stack.defer(() => agent.close())
  const extension = await startExtension()
  stack.defer(() => extension.close())
  for (const [role, name] of Object.entries(clientNames)) {
    const pair = ca.client([name])
    extension.holds(`agents-${role}`, JSON.stringify({ ca: ca.cert, cert: pair.cert, key: pair.key }))
  }
  stack.use(await startTable())
  const { AWS_ENDPOINT_URL_DYNAMODB = '' } = process.env
  return {
    /** The environment of a function that shows agents the pair of a role. */
    env: (role: Role) => ({
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'nobody',
      AWS_SECRET_ACCESS_KEY: 'nothing',
      AWS_SESSION_TOKEN: session,
      AWS_ENDPOINT_URL_DYNAMODB,
      TABLE_NAME: 'cinderless',
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(extension.port),
      AGENT_CREDENTIALS_SECRET: `agents-${role}`,
      HOSTS: JSON.stringify({ alpha: { agent: agent.url } }),
    }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
