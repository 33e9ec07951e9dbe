import { v4 } from 'uuid'
import * as z from 'zod'
import { isRefused } from '../glance/errors.ts'
import type { Image } from '../glance/image.ts'
import type { BlockStorage } from './block-storage.ts'
import { knownVolume } from './driver-model.ts'
import { fromImages, GLANCE_STORE, glanceOf } from './images.ts'
import type { Operation } from './operation.ts'
import type { VolumeRecord } from './record.ts'

/** Formats that a volume is written in. */
export const ImageFormat = z.enum(['raw', 'qcow2'])
const Input = z.object({ imageId: z.string(), format: ImageFormat })

export interface AskedImage {
  readonly name: string
  readonly format: z.infer<typeof ImageFormat>
  readonly visibility: string | undefined
  readonly isProtected: boolean | undefined
}

/** What is said of the one image that a volume was made of, and not of another that is made of the volume. */
const ofTheOther = new Set([
  ...['image_id', 'image_name', 'checksum', 'container_format', 'disk_format', 'size'],
  ...['min_disk', 'min_ram'],
])

const natural = (text: string | undefined): number | undefined =>
  text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined

/**
 * Make the image that a volume is to become, with the caller's own token: it is theirs, and its id can be answered.
 *
 * @throws ApiError 400: Glance lets them make no such image, or there is no Glance.
 * @see cinder/volume/api.py copy_volume_to_image
 */
export async function newImage(
  storage: BlockStorage,
  { imageMetadata }: VolumeRecord,
  { name, format, visibility, isProtected }: AskedImage,
  token: string | undefined,
): Promise<Image> {
  const [minDisk, minRam] = [natural(imageMetadata.min_disk), natural(imageMetadata.min_ram)]
  const glance = glanceOf(storage)
  try {
    return await glance.create(
      {
        ...Object.fromEntries(Object.entries(imageMetadata).filter(([key]) => !ofTheOther.has(key))),
        ...(minDisk !== undefined && { min_disk: minDisk }),
        ...(minRam !== undefined && { min_ram: minRam }),
        ...(visibility !== undefined && { visibility }),
        ...(isProtected !== undefined && { protected: isProtected }),
        ...{ id: v4(), name, disk_format: format, container_format: 'bare' as const },
      },
      token,
    )
  } catch (error) {
    throw fromImages(error)
  }
}

/** An image that got no data goes. Run again, it is gone. */
export async function removeImage(storage: BlockStorage, imageId: string): Promise<void> {
  const glance = storage.glance()
  const there = await glance.show(imageId).catch((error: unknown) => {
    if (!isRefused(error, 404)) throw error
    return undefined
  })
  if (there === undefined || !['queued', 'saving'].includes(there.status)) return
  if (there.protected) await glance.update(imageId, { protected: false })
  await glance.remove(imageId)
}

export const uploading: Operation = {
  doing: 'copy volume to image',
  async run(storage, volume, input) {
    const { imageId, format } = Input.parse(input)
    const { id } = await storage.jobs.submit({
      kind: 'copy-volume-to-image',
      project: volume.project,
      idempotencyKey: `upload ${volume.work?.id ?? volume.id}`,
      input: {
        volume: knownVolume(volume),
        image: {
          destination: { kind: 'glance', store: GLANCE_STORE, imageId, removeUnfinished: true },
          format,
        },
      },
    })
    return { job: id }
  },
  async failed(storage, volume, input) {
    const { imageId } = Input.parse(input)
    // The volume is given back in any case.
    await removeImage(storage, imageId).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      storage.warn('an image without data was not removed', { id: volume.id, image: imageId, reason })
    })
    return undefined
  },
}
