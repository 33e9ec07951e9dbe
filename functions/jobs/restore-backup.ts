import { restoreBackup } from '../../lib/jobs/restore-backup/workflow.ts'
import { durable } from '../../lib/lambda/durable.ts'

export const handler = durable('restore-backup', restoreBackup)
