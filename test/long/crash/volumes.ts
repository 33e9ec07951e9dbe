import { createHash, randomBytes } from 'node:crypto'
import { digestOfBytes, fill, type Known } from './bytes.ts'
import type { Place } from './place.ts'

const MiB = 1024 ** 2
export const noise = randomBytes(64 * MiB)
export const sha256 = createHash('sha256').update(noise).digest('hex')
export const sha512 = createHash('sha512').update(noise).digest('hex')
/** On a volume that an image of the noise was copied to. */
export const noiseDigest = digestOfBytes({ at: 0, bytes: noise })

const old = randomBytes(4 * MiB)
const oldAt = 700 * MiB
/** On a volume that nobody has used since it was made of the snapshot. */
export const oldDigest = digestOfBytes({ at: oldAt, bytes: old })
/** Amid the volume: zeros are quickly moved, and a copy is to be met half-way. */
const noiseAt = 400 * MiB
/** On one that has got the noise since. */
export const noisyDigest = digestOfBytes({ at: noiseAt, bytes: noise }, { at: oldAt, bytes: old })
export const oldSnapshot = { id: 'old', volume_id: 'old' }

/** A snapshot to make volumes of that were used before: what is to be cleared of them is not clear. */
export const prepare = async (place: Place): Promise<void> => {
  const volume = { id: 'old', size: 1 }
  await place.drive('create_volume', { volume })
  await fill(place, volume, oldAt, old)
  await place.drive('create_snapshot', { snapshot: oldSnapshot })
  await removeVolume(place, volume.id)
}

export const makeVolume = (place: Place, id: string): Promise<{ provider_location: string }> =>
  place.drive('create_volume_from_snapshot', { volume: { id, size: 1 }, snapshot: oldSnapshot })

export const fillWithNoise = (place: Place, volume: Known): Promise<void> =>
  fill(place, volume, noiseAt, noise)

export const removeVolume = async (place: Place, id: string, provider_location?: string): Promise<void> => {
  await place.drive('delete_volume', { volume: { id, provider_location } })
}
