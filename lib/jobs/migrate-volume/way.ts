import type { NamedHost } from '../../driver/backend.ts'
import { DriverError } from '../../errors.ts'
import { isClientOf } from '../../hosts/on-cluster.ts'
import type { MigrateVolumeInput } from './document.ts'

/** How a volume gets where it is to go: StorPool moves it within a location, a host copies it out of one. */
export interface Way {
  readonly kind: 'move' | 'copy'
  /** The cluster, or `host@backend#pool`. */
  readonly to: string
}

/**
 * The way, as far as the asking tells it.
 *
 * @throws DriverError InvalidInput: it leads nowhere.
 */
export function wayOf({ cluster, to_host }: Pick<MigrateVolumeInput, 'cluster' | 'to_host'>): Way {
  if (cluster !== undefined) return { kind: 'move', to: cluster }
  if (to_host !== undefined) return { kind: 'copy', to: to_host }
  throw new DriverError('InvalidInput', 'neither cluster nor to_host is named')
}

/** Two backends by their names; undefined is the default one. */
interface Backends {
  readonly from: string | undefined
  readonly to: string | undefined
}

const shown = (name: string | undefined): string => name ?? 'the default backend'

/**
 * See that a host can copy from one backend to another. A client's number on one cluster may be another host's on the
 * next, so only what the host's entry says counts.
 *
 * @throws DriverError InvalidInput: both are one. UnknownHost: it is not known to be a client of one of them.
 */
export function refuseStranger(host: NamedHost, { from, to }: Backends): void {
  if (from === to) {
    throw new DriverError('InvalidInput', `the volume is on ${shown(to)} already`, {
      remedy: 'Name another of BACKENDS in to_host, or a cluster of its location in cluster.',
    })
  }
  const missing = [from, to].find((name) => !isClientOf(host, name))
  if (missing === undefined) return
  throw new DriverError('UnknownHost', `host ${host.name} is not known to be a client of ${missing}`, {
    remedy: `Name a host that is a client of ${shown(from)} and ${shown(to)}, or say its number in its entry of HOSTS: "clients": {"${missing}": …}.`,
  })
}
