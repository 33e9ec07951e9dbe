import * as z from 'zod'
import type { CallOptions, StorPool } from './client.ts'
import { ClientConfigStatus, Services } from './schema/site.ts'

const ClientConfigs = z.array(ClientConfigStatus)

/**
 * The services of the cluster: whether it is well, and which client ids there are.
 *
 *     GET ctrl/1.0/ServicesList
 *
 * @see python-storpool 7.3.0, spapi.py `servicesList`, sptypes.py `ClusterStatus`
 */
export const servicesList = (storpool: StorPool, options?: CallOptions): Promise<Services> =>
  storpool.get('ServicesList', [], Services, options)

/**
 * Which clients know the cluster's configuration of now.
 *
 *     GET ctrl/1.0/ClientsConfigDump
 *
 * @see python-storpool 7.3.0, spapi.py `clientsConfigDump`, sptypes.py `ClientConfigStatus`
 */
export const clientsConfigDump = (storpool: StorPool, options?: CallOptions): Promise<ClientConfigStatus[]> =>
  storpool.get('ClientsConfigDump', [], ClientConfigs, options)

/**
 * Wait until a client knows the configuration of now, such as a volume's new size. StorPool answers when it does.
 *
 *     GET ctrl/1.0/ClientConfigWait/{client}
 *
 * @param client 1 to 4095.
 * @param options `timeoutMs` is how long that may take.
 * @see python-storpool 7.3.0, spapi.py `clientConfigWait`
 */
export const clientConfigWait = (
  storpool: StorPool,
  client: number,
  options?: CallOptions,
): Promise<ClientConfigStatus[]> => storpool.get('ClientConfigWait', [String(client)], ClientConfigs, options)
