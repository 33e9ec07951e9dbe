import { deleteBackup } from '../../lib/jobs/delete-backup/workflow.ts'
import { durable } from '../../lib/lambda/durable.ts'

export const handler = durable('delete-backup', deleteBackup)
