import { migrateVolume } from '../../lib/jobs/migrate-volume/workflow.ts'
import { durable } from '../../lib/lambda/durable.ts'

export const handler = durable('migrate-volume', migrateVolume)
