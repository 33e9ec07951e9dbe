import { copyImageToVolume } from '../../lib/jobs/copy-image-to-volume/workflow.ts'
import { durable } from '../../lib/lambda/durable.ts'

export const handler = durable('copy-image-to-volume', copyImageToVolume)
