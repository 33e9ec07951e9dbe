import * as z from 'zod'
import { findVolume } from '../../volumes/find.ts'
import { ApiError } from '../../volumes/refusal.ts'
import type { ImageMetadata } from '../answers/actions.ts'
import { Metadata } from '../fields.ts'
import { action } from './action.ts'

export const setImageMetadata = action({
  summary: 'Set properties of the image that a volume was made from',
  rule: 'volume:image_metadata',
  body: z.strictObject({ metadata: Metadata }),
  status: 200,
  amend: (volume, { metadata }) => ({ ...volume, imageMetadata: { ...volume.imageMetadata, ...metadata } }),
  answer: ({ imageMetadata }): ImageMetadata => ({ metadata: imageMetadata }),
})

export const showImageMetadata = action({
  summary: 'Show the properties of the image that a volume was made from',
  rule: 'volume:get',
  body: z.unknown(),
  status: 200,
  run: async ({ storage, caller }, id): Promise<ImageMetadata> => ({
    metadata: (await findVolume(storage, caller, id)).imageMetadata,
  }),
})

export const unsetImageMetadata = action({
  summary: 'Take away a property of the image that a volume was made from',
  rule: 'volume:image_metadata',
  body: z.strictObject({ key: z.string().min(1).max(255) }),
  status: 200,
  amend(volume, { key }) {
    if (!Object.hasOwn(volume.imageMetadata, key)) {
      throw new ApiError(404, `Volume ${volume.id} has no metadata with key ${key}.`)
    }
    const left = Object.entries(volume.imageMetadata).filter(([name]) => name !== key)
    return { ...volume, imageMetadata: Object.fromEntries(left) }
  },
})
