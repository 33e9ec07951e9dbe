import { RestoreBackup, restoreBackup } from '../../lib/jobs/restore-backup/operation.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { inputOf } from '../../lib/lambda/event.ts'
import { submission } from '../../lib/lambda/submission.ts'

export const handler = endpoint(
  async (event) => restoreBackup(submission(), RestoreBackup.parse(inputOf(event))),
  {
    status: 202,
  },
)
