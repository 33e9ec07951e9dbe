import type { Hosts, NamedHost } from '../driver/backend.ts'

/** A host as a named cluster knows it: under another number, where the host's entry says one. */
const on = (host: NamedHost, cluster: string): NamedHost => {
  const clientId = host.clients?.[cluster]
  return clientId === undefined ? host : { ...host, clientId, agentId: host.clientId }
}

/** Hosts as a named cluster knows them; undefined: the default one. */
export const onCluster = (hosts: Hosts, cluster: string | undefined): Hosts =>
  cluster === undefined
    ? hosts
    : {
        async get(name) {
          const host = await hosts.get(name)
          return host && on(host, cluster)
        },
        all: async () => (await hosts.all()).map((host) => on(host, cluster)),
      }

/**
 * Whether a host can have volumes of a cluster. Of the default one every host can; a number on another is said, as what is
 * its number here may be another host's there.
 */
export const isClientOf = ({ clients }: NamedHost, cluster: string | undefined): boolean =>
  cluster === undefined || clients?.[cluster] !== undefined
