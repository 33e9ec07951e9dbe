import { revertVolume } from '../../lib/jobs/revert-volume/workflow.ts'
import { durable } from '../../lib/lambda/durable.ts'

export const handler = durable('revert-volume', revertVolume)
