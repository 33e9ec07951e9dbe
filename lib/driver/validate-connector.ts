import * as z from 'zod'
import type { Backend } from './backend.ts'
import { namedHost } from './known-host.ts'
import { Connector } from './model.ts'

export const ValidateConnector = z.strictObject({ connector: Connector })
export type ValidateConnector = z.infer<typeof ValidateConnector>

/**
 * Whether volumes can be attached to the connector's host.
 *
 * @throws DriverError UnknownHost, naming it: Cinder's driver takes every host, and attaches to client 65.
 * @see cinder/volume/drivers/storpool.py validate_connector
 */
export async function validateConnector(backend: Backend, { connector }: ValidateConnector): Promise<void> {
  await namedHost(backend.hosts, connector.host)
}
