import type { KnownVolume } from '../driver/model.ts'
import { DriverError } from '../errors.ts'

/**
 * An image's bytes written past the encryption of its volume would be noise to whoever reads it.
 *
 * @throws DriverError NotSupported.
 */
export const refuseEncrypted = ({ id, encryption_key_id }: KnownVolume): void => {
  if (!encryption_key_id) return
  throw new DriverError(
    'NotSupported',
    `volume ${id} is encrypted: an image written onto it would corrupt it`,
    {
      remedy: 'Use a volume type without encryption.',
    },
  )
}
