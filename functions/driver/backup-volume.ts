import { BackupVolume, backupVolume } from '../../lib/jobs/backup-volume/operation.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { inputOf } from '../../lib/lambda/event.ts'
import { submission } from '../../lib/lambda/submission.ts'

export const handler = endpoint(
  async (event) => backupVolume(submission(), BackupVolume.parse(inputOf(event))),
  {
    status: 202,
  },
)
