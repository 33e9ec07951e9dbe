import * as z from 'zod'
import { isRefusal } from '../storpool/errors.ts'
import { GiB } from '../units.ts'
import { type Backend, volumeName } from './backend.ts'
import { claimTag } from './claim.ts'
import { makeVolume, unknownTemplate } from './make-volume.ts'
import { type ModelUpdate, Volume } from './model.ts'
import { placementOf, templateOf } from './placement.ts'
import { policyOf } from './policy.ts'
import { contradicts, tagsOf } from './tags.ts'

export const CreateVolume = z.strictObject({ volume: Volume })
export type CreateVolume = z.infer<typeof CreateVolume>

/**
 * Create an empty volume. Run again, it finds its own volume there and is content; a volume of that name
 * but another size or template is somebody else's, and stays untouched.
 *
 * @throws DriverError InvalidInput: no such template. VolumeExists. InsufficientCapacity. NotSupported.
 * @see cinder/volume/drivers/storpool.py create_volume
 */
export async function createVolume(backend: Backend, { volume }: CreateVolume): Promise<ModelUpdate> {
  const ours = { id: volume.id, project: volume.project_id }
  const { tags, ...limits } = policyOf(volume.volume_type)
  try {
    return await makeVolume(
      backend,
      {
        name: volumeName(backend, volume.id),
        size: volume.size * GiB,
        ...placementOf(backend, volume.volume_type),
        ...limits,
        tags: { ...tagsOf(ours), ...tags, ...(backend.claim && claimTag(backend.claim)) },
      },
      (there) => !contradicts(there.tags, ours),
    )
  } catch (error) {
    if (!isRefusal(error, 'objectDoesNotExist')) throw error
    throw unknownTemplate(templateOf(backend, volume.volume_type), error)
  }
}
