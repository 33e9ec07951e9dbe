import { CopyVolumeToImage, copyVolumeToImage } from '../../lib/jobs/copy-volume-to-image/operation.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { inputOf } from '../../lib/lambda/event.ts'
import { submission } from '../../lib/lambda/submission.ts'

export const handler = endpoint(
  async (event) => copyVolumeToImage(submission(), CopyVolumeToImage.parse(inputOf(event))),
  {
    status: 202,
  },
)
