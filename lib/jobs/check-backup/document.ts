import * as z from 'zod'
import { StoreName } from '../../agent/stores.ts'
import { Backup } from '../backup-volume/document.ts'
import { HostName } from '../host-name.ts'

export const CheckBackupInput = z.strictObject({
  repository: StoreName,
  /** Read this backup as a restore would and compare its digest; without one, the repository itself is checked. */
  backup: Backup.omit({ repository: true }).optional(),
  /** How much of the repository's data is read. */
  readDataPercent: z.int().min(1).max(100).optional(),
  host: HostName,
})
export type CheckBackupInput = z.infer<typeof CheckBackupInput>
