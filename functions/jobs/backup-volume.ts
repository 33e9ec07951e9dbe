import { backupVolume } from '../../lib/jobs/backup-volume/workflow.ts'
import { durable } from '../../lib/lambda/durable.ts'

export const handler = durable('backup-volume', backupVolume)
