import { DriverError } from '../../errors.ts'
import type { MigrateVolumeInput } from './document.ts'

/** How a volume gets where it is to go: StorPool moves it within a location. */
export interface Way {
  readonly kind: 'move'
  readonly to: string
}

/**
 * The way, as far as the asking tells it.
 *
 * @throws DriverError NotSupported: the way leads out of the location.
 */
export function wayOf({ volume, cluster, to_host }: MigrateVolumeInput): Way {
  if (cluster !== undefined) return { kind: 'move', to: cluster }
  throw new DriverError(
    'NotSupported',
    `volume ${volume.id} cannot be migrated to ${to_host}: a volume goes to another cluster of its location only`,
    { remedy: 'Name that cluster in input.cluster, or copy the data on a host.' },
  )
}
