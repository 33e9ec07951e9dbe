import { retypeVolume } from '../../lib/jobs/retype-volume/workflow.ts'
import { durable } from '../../lib/lambda/durable.ts'

export const handler = durable('retype-volume', retypeVolume)
