import { type Config, config } from '../config.ts'
import type { Backend, Host, Hosts } from '../driver/backend.ts'
import { logger } from '../log.ts'
import { once } from '../once.ts'
import { type Connection, connect } from '../storpool/client.ts'
import type { Invocation } from './endpoint.ts'

/** Kept for the life of a process, as its sockets are. */
const connection = once((): Connection => {
  const { SP_API_HTTP_HOST, SP_API_HTTP_PORT, SP_AUTH_TOKEN, HTTPS_PROXY, LOG_LEVEL } = config()
  const log = logger(LOG_LEVEL)
  return connect({
    host: SP_API_HTTP_HOST,
    port: SP_API_HTTP_PORT,
    token: SP_AUTH_TOKEN,
    ...(HTTPS_PROXY === undefined ? {} : { proxy: HTTPS_PROXY }),
    log: (line) => log.debug('storpool', { ...line }),
  })
})

/** The registry of hosts: what the configuration says of them. */
export const hostsOf = ({ HOSTS }: Pick<Config, 'HOSTS'>): Hosts => {
  const known: readonly Host[] = Object.entries(HOSTS).map(([name, host]) => ({ name, ...host }))
  return {
    get: async (name) => known.find((host) => host.name === name),
    all: async () => known,
  }
}

/** The default cluster, for one invocation. */
export const backendFor = ({ deadline }: Invocation): Backend => {
  const settings = config()
  return {
    storpool: connection().within(deadline),
    hosts: hostsOf(settings),
    prefix: settings.SP_OPENSTACK_VOLUME_PREFIX,
    defaults: {
      template: settings.STORPOOL_TEMPLATE,
      replication: settings.STORPOOL_REPLICATION,
      refusesAttachedRevert: settings.STORPOOL_REVERT_ATTACHED === 'refused',
    },
  }
}
