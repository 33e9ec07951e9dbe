import * as z from 'zod'
import { KnownVolume } from '../../driver/model.ts'
import { ClusterName } from '../../storpool/schema.ts'

export const MigrateVolumeInput = z
  .strictObject({
    volume: KnownVolume,
    /** Another cluster of the volume's location: StorPool moves it there. */
    cluster: ClusterName.optional(),
    /** Another backend, as `host@backend#pool`: its bytes have to be copied. */
    to_host: z.string().min(1).max(255).optional(),
  })
  .refine(
    ({ cluster, to_host }) => (cluster === undefined) !== (to_host === undefined),
    'must have cluster or to_host, and not both',
  )
export type MigrateVolumeInput = z.infer<typeof MigrateVolumeInput>
