import * as z from 'zod'
import { KnownVolume } from '../../driver/model.ts'
import { ClusterName } from '../../storpool/schema.ts'

export const MigrateVolumeInput = z
  .strictObject({
    volume: KnownVolume,
    /** Another cluster of the volume's location: StorPool moves it there. */
    cluster: ClusterName.optional(),
    /** Another backend, as `host@backend#pool`: its bytes have to be copied. */
    host: z.string().min(1).max(255).optional(),
  })
  .refine(
    ({ cluster, host }) => (cluster === undefined) !== (host === undefined),
    'must have cluster or host, and not both',
  )
export type MigrateVolumeInput = z.infer<typeof MigrateVolumeInput>
