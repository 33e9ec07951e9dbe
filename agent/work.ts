import type { TaskResult } from '../lib/agent/tasks.ts'
import { backupVolume } from './backup-volume.ts'
import { checkBackup } from './check-backup.ts'
import { copyImage } from './copy-image.ts'
import { copyVolume } from './copy-volume.ts'
import { deleteBackup } from './delete-backup.ts'
import { listBackups } from './list-backups.ts'
import { restoreBackup } from './restore-backup.ts'
import type { Run } from './run.ts'
import { uploadVolume } from './upload-volume.ts'

/** Do what a task is for. Begun again after a crash, it goes on from what its record says. */
export const work = (run: Run): Promise<TaskResult> => {
  const { request } = run
  switch (request.kind) {
    case 'copy-image':
      return copyImage({ ...run, request })
    case 'copy-volume':
      return copyVolume({ ...run, request })
    case 'upload-volume':
      return uploadVolume({ ...run, request })
    case 'backup-volume':
      return backupVolume({ ...run, request })
    case 'restore-backup':
      return restoreBackup({ ...run, request })
    case 'delete-backup':
      return deleteBackup({ ...run, request })
    case 'check-backup':
      return checkBackup({ ...run, request })
    case 'list-backups':
      return listBackups({ ...run, request })
  }
}
