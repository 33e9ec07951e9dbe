import * as z from 'zod'
import { Backup } from '../backup-volume/document.ts'
import { HostName } from '../host-name.ts'

export const DeleteBackupInput = z.strictObject({
  backup: Backup.pick({ repository: true, snapshotId: true }),
  host: HostName,
})
export type DeleteBackupInput = z.infer<typeof DeleteBackupInput>
