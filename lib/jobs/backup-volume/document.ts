import * as z from 'zod'
import { StoreName } from '../../agent/stores.ts'
import { CinderId } from '../../driver/model.ts'
import { HostName } from '../host-name.ts'
import { Source } from '../on-host/source.ts'

/** A backup as a repository knows it, and what a restore has to give. */
export const Backup = z.strictObject({
  repository: StoreName,
  /** What the backup answered. */
  snapshotId: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  /** Bytes of the volume that was backed up. */
  sizeBytes: z.int().positive(),
  /** Of all its bytes, in hex. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case')
    .optional(),
})
export type Backup = z.infer<typeof Backup>

export const BackupVolumeInput = z.strictObject({
  ...Source.shape,
  repository: StoreName,
  /** Kept with the backup as a tag: the id of the caller's own record of it. */
  backup_id: CinderId.optional(),
  host: HostName,
})
export type BackupVolumeInput = z.infer<typeof BackupVolumeInput>
