import { CopyImageToVolume, copyImageToVolume } from '../../lib/jobs/copy-image-to-volume/operation.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { inputOf } from '../../lib/lambda/event.ts'
import { submission } from '../../lib/lambda/submission.ts'

export const handler = endpoint(
  async (event) => copyImageToVolume(submission(), CopyImageToVolume.parse(inputOf(event))),
  { status: 202 },
)
