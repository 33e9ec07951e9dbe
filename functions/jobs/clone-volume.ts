import { cloneVolume } from '../../lib/jobs/clone-volume/workflow.ts'
import { durable } from '../../lib/lambda/durable.ts'

export const handler = durable('clone-volume', cloneVolume)
