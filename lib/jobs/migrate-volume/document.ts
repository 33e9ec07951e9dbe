import * as z from 'zod'
import { KnownVolume, VolumeType } from '../../driver/model.ts'
import { ClusterName } from '../../storpool/schema/values.ts'
import { HostName } from '../host-name.ts'

/** What is asked for; the host that copies may be left out where the configuration names one. */
export const MigrateVolume = z
  .strictObject({
    volume: KnownVolume,
    /** Another cluster of the volume's location: StorPool moves it there. */
    cluster: ClusterName.optional(),
    /** Another backend, as `host@backend#pool`, of another location: a host that is a client of both copies the bytes. */
    to_host: z.string().min(1).max(255).optional(),
    /** The type it is to have there. Left out, it keeps its limits, and its template where one of that name is there. */
    new_type: VolumeType.optional(),
    host: HostName.optional(),
  })
  .refine(
    ({ cluster, to_host }) => (cluster === undefined) !== (to_host === undefined),
    'must have cluster or to_host, and not both',
  )
  .refine(
    ({ cluster, new_type, host }) => cluster === undefined || (new_type === undefined && host === undefined),
    'must have new_type and host with to_host only',
  )

export const MigrateVolumeInput = MigrateVolume.refine(
  ({ to_host, host }) => to_host === undefined || host !== undefined,
  { path: ['host'], message: 'is needed to copy the bytes' },
)
export type MigrateVolumeInput = z.infer<typeof MigrateVolumeInput>
