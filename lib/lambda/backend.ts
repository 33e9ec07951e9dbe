import * as z from 'zod'
import { type Config, config } from '../config.ts'
import type { Backend, Hosts, NamedHost } from '../driver/backend.ts'
import { DriverError } from '../errors.ts'
import { onCluster } from '../hosts/on-cluster.ts'
import { logger } from '../log.ts'
import { type Connection, connect } from '../storpool/client.ts'
import type { Invocation } from './endpoint.ts'
import { secretText } from './secret.ts'

/** Milliseconds after which a token from a secret is read again: it may have been changed there. */
const TOKEN_MS = 300_000

/** One cluster's settings. */
interface Cluster {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly token: string | undefined
  readonly secret: string | undefined
  readonly prefix: string
  readonly defaults: Backend['defaults']
}

/** A named cluster's own settings, and the default one's for what it does not say. */
const clusterOf = (name: string | undefined): Cluster => {
  const { BACKENDS, ...settings } = config()
  const named = name === undefined ? undefined : BACKENDS[name]
  if (name !== undefined && named === undefined) {
    throw new DriverError('InvalidInput', `no backend ${name} is configured`, {
      remedy: `Use one of: ${Object.keys(BACKENDS).join(', ')}, or leave volume.host out for the default.`,
    })
  }
  const its = { ...settings, ...named }
  const hasToken = named?.SP_AUTH_TOKEN !== undefined || named?.SP_AUTH_TOKEN_SECRET !== undefined
  const { SP_AUTH_TOKEN, SP_AUTH_TOKEN_SECRET } = hasToken ? named : settings
  return {
    host: its.SP_API_HTTP_HOST,
    port: its.SP_API_HTTP_PORT,
    tls: its.SP_API_HTTP_TLS === 'on',
    token: SP_AUTH_TOKEN,
    secret: SP_AUTH_TOKEN_SECRET,
    prefix: its.SP_OPENSTACK_VOLUME_PREFIX ?? settings.SP_OPENSTACK_VOLUME_PREFIX,
    defaults: {
      template: its.STORPOOL_TEMPLATE,
      replication: its.STORPOOL_REPLICATION ?? settings.STORPOOL_REPLICATION,
      refusesAttachedRevert: its.STORPOOL_REVERT_ATTACHED === 'refused',
    },
  }
}

interface Kept {
  readonly connection: Connection
  readonly token: string
  readonly readAt: number
}

/** Kept for the life of a process, as their sockets are. */
const connections = new Map<string, Kept>()

async function connectionTo(name: string | undefined, cluster: Cluster): Promise<Connection> {
  const key = name ?? ''
  const kept = connections.get(key)
  if (kept !== undefined && Date.now() - kept.readAt < TOKEN_MS) return kept.connection
  const token = await tokenOf(cluster).catch((error: unknown) => {
    // Whoever keeps the secrets is away; the token that was read before may well be good.
    if (kept === undefined) throw error
    const reason = error instanceof Error ? error.message : String(error)
    logger(config().LOG_LEVEL).warn('the token could not be read again', { reason })
    return kept.token
  })
  const same = kept?.token === token
  if (!same) kept?.connection.close()
  const connection = kept !== undefined && same ? kept.connection : connectionWith(token, cluster)
  connections.set(key, { connection, token, readAt: Date.now() })
  return connection
}

const connectionWith = (token: string, { host, port, tls }: Cluster): Connection => {
  const { HTTPS_PROXY, LOG_LEVEL } = config()
  const log = logger(LOG_LEVEL)
  return connect({
    host,
    port,
    tls,
    token,
    ...(HTTPS_PROXY === undefined ? {} : { proxy: HTTPS_PROXY }),
    log: (line) => log.debug('storpool', { ...line }),
  })
}

const tokenOf = async ({ token, secret = '' }: Cluster): Promise<string> => {
  if (token !== undefined) return token
  const { PARAMETERS_SECRETS_EXTENSION_HTTP_PORT, AWS_SESSION_TOKEN } = config()
  return secretText(secret, PARAMETERS_SECRETS_EXTENSION_HTTP_PORT, AWS_SESSION_TOKEN)
}

/** The hosts there are: what the configuration says of them. */
export const hostsOf = ({ HOSTS }: Pick<Config, 'HOSTS'>): Hosts => {
  const known: readonly NamedHost[] = Object.entries(HOSTS).map(([name, host]) => ({ name, ...host }))
  return {
    get: async (name) => known.find((host) => host.name === name),
    all: async () => known,
  }
}

const Somewhere = z.looseObject({ host: z.string().nullish() }).optional().catch(undefined)

/** Where an input says that it belongs: the volume's own host, or what an operation on no volume is asked about. */
const Placed = z.looseObject({
  volume: Somewhere,
  snapshot: Somewhere,
  group_snapshot: Somewhere,
  host: z.string().nullish().catch(undefined),
})

const hostIn = (input: unknown): string | null | undefined => {
  const { volume, snapshot, group_snapshot, host } = Placed.catch({}).parse(input)
  return volume?.host ?? snapshot?.host ?? group_snapshot?.host ?? host
}

/** What the default cluster is called beside others, unless one of those is called so. */
const DEFAULT = 'default'

/**
 * The backend a caller's `host@backend#pool` names.
 *
 * @returns undefined for the default: where no host is said, or that is named, or only one cluster is configured.
 */
export const backendNameOf = (input: unknown): string | undefined => {
  const name = hostIn(input)?.match(/@([^#]+)/)?.[1]
  const { BACKENDS } = config()
  const isDefault = name === DEFAULT && BACKENDS[DEFAULT] === undefined
  return isDefault || Object.keys(BACKENDS).length === 0 ? undefined : name
}

/** {@link backendNameOf}. @throws DriverError InvalidInput: no such backend. */
export const knownBackendNameOf = (input: unknown): string | undefined => {
  const name = backendNameOf(input)
  clusterOf(name)
  return name
}

/**
 * The cluster an input belongs to, for one invocation.
 *
 * @throws DriverError InvalidInput: no such backend. BackendUnavailable: its token cannot be read.
 */
export async function backendFor({ deadline }: Invocation, input: unknown): Promise<Backend> {
  const name = backendNameOf(input)
  const cluster = clusterOf(name)
  return {
    storpool: (await connectionTo(name, cluster)).within(deadline),
    hosts: onCluster(hostsOf(config()), name),
    prefix: cluster.prefix,
    defaults: cluster.defaults,
  }
}
