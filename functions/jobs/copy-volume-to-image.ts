import { copyVolumeToImage } from '../../lib/jobs/copy-volume-to-image/workflow.ts'
import { durable } from '../../lib/lambda/durable.ts'

export const handler = durable('copy-volume-to-image', copyVolumeToImage)
