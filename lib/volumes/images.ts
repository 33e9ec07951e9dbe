import * as z from 'zod'
import { inDriversWords } from '../drivers-words.ts'
import { type DriverErrorName, isDriverError } from '../errors.ts'
import type { Glance } from '../glance/client.ts'
import type { Image } from '../glance/image.ts'
import { usableImage } from '../jobs/copy-image-to-volume/usable-image.ts'
import type { JobRecord } from '../jobs/record.ts'
import type { BlockStorage } from './block-storage.ts'
import { knownVolume } from './driver-model.ts'
import type { VolumeRecord } from './record.ts'
import { badRequest } from './refusal.ts'

/** What agents call the store that Glance is. */
export const GLANCE_STORE = 'glance'

/** What is wrong with an image, and not with who looks for it. */
const ofTheImage: readonly DriverErrorName[] = ['InvalidInput', 'Conflict', 'Forbidden', 'NotSupported']

/** @throws ApiError 400: there is no image service. */
export function glanceOf(storage: BlockStorage): Glance {
  try {
    return storage.glance()
  } catch (error) {
    if (!isDriverError(error, 'VolumeBackendError')) throw error
    throw badRequest(`Invalid image: no image service is configured. ${error.remedy ?? ''}`.trim())
  }
}

/** A refusal of the image service's, where it is about what was asked. */
export const fromImages = (cause: unknown): unknown => {
  const error = inDriversWords(cause)
  if (!ofTheImage.includes(error.name)) return error
  return badRequest(`Invalid image: ${error.message}.${error.remedy === undefined ? '' : ` ${error.remedy}`}`)
}

/**
 * An image that a volume may begin as, looked at as the caller may see it.
 *
 * @param ref its id; also an address that ends with it, as older clients send it
 * @throws ApiError 400: none that may be seen, it is not active, or the volume is too small for it; or there is no image service.
 */
export async function imageFor(
  storage: BlockStorage,
  ref: string,
  volume: { readonly id: string; readonly sizeGiB: number },
  token: string | undefined,
): Promise<Image> {
  const glance = glanceOf(storage)
  const id = z.uuid().safeParse(ref.split('/').at(-1))
  if (!id.success) throw badRequest('Invalid image identifier or unable to access requested image.')
  try {
    const { image } = await usableImage(glance, id.data, volume, token)
    return image
  } catch (error) {
    throw fromImages(error)
  }
}

/** Have an image copied onto a volume. @returns the job's id: the same however often it is asked for. @throws as submitJob */
export async function submitImage(
  storage: BlockStorage,
  volume: VolumeRecord,
  imageId: string,
): Promise<string> {
  const { id } = await storage.jobs.submit({
    kind: 'copy-image-to-volume',
    project: volume.project,
    idempotencyKey: `image ${volume.work?.id ?? volume.id}`,
    input: {
      volume: knownVolume(volume),
      image: { source: { kind: 'glance', store: GLANCE_STORE, imageId } },
    },
  })
  return id
}

const Result = z.looseObject({ volume_image_metadata: z.record(z.string(), z.string()) })

/** What a volume remembers of the image that it was made of. */
export const remembered = ({ result }: JobRecord): Pick<VolumeRecord, 'bootable' | 'imageMetadata'> => ({
  bootable: true,
  imageMetadata: Result.parse(result).volume_image_metadata,
})
