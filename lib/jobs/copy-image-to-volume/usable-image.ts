import { DriverError } from '../../errors.ts'
import type { Glance } from '../../glance/client.ts'
import { isRefused } from '../../glance/errors.ts'
import type { Image } from '../../glance/image.ts'
import { type CheckedImage, checkImage } from './check-image.ts'

/**
 * An image of Glance's that may become a volume's content.
 *
 * @param volume its id, and its size in GiB
 * @param token a caller's: only what they may see is there
 * @throws DriverError InvalidInput: there is no such image. As {@link checkImage}.
 */
export async function usableImage(
  glance: Glance,
  imageId: string,
  volume: { readonly id: string; readonly sizeGiB: number },
  token?: string,
): Promise<{ image: Image; checked: CheckedImage }> {
  const image = await glance.show(imageId, token).catch((error: unknown) => {
    if (!isRefused(error, 404)) throw error
    throw new DriverError('InvalidInput', `there is no image ${imageId} that may be read`, {
      cause: error,
      remedy: 'Look for it as the user of OS_USERNAME: openstack image show.',
    })
  })
  return { image, checked: checkImage(image, volume) }
}
