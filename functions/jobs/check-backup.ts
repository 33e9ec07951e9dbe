import { checkBackup } from '../../lib/jobs/check-backup/workflow.ts'
import { durable } from '../../lib/lambda/durable.ts'

export const handler = durable('check-backup', checkBackup)
