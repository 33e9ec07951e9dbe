import * as z from 'zod'
import { KnownVolume, SizeGiB } from '../../driver/model.ts'
import { Backup } from '../backup-volume/document.ts'
import { HostName } from '../host-name.ts'

export const RestoreBackupInput = z
  .strictObject({
    backup: Backup,
    volume: KnownVolume.extend({
      /** GiB; needed where the volume is to be made. */
      size: SizeGiB.optional(),
    }),
    /** Make the volume first. A job that fails removes it again. */
    create_volume: z.boolean().default(false),
    host: HostName,
  })
  .refine(({ create_volume, volume }) => !create_volume || volume.size !== undefined, {
    path: ['volume', 'size'],
    message: 'is needed for a volume that is to be made',
  })
export type RestoreBackupInput = z.infer<typeof RestoreBackupInput>
