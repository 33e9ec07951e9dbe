import * as z from 'zod'
import { remembered, submitImage } from './images.ts'
import type { Operation } from './operation.ts'

const Input = z.object({ imageId: z.string() })

/** Another image on a volume that is there. What fails may have written part of it. */
export const reimaging: Operation = {
  doing: 'reimage volume',
  onFailure: 'error',
  run: async (storage, volume, input) => ({
    job: await submitImage(storage, volume, Input.parse(input).imageId),
  }),
  ended: async (_, __, ___, job) => ({ done: remembered(job) }),
}
