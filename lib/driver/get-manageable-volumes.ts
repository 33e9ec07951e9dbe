import * as z from 'zod'
import { attachmentsList } from '../storpool/attachments.ts'
import { volumesList } from '../storpool/volumes.ts'
import { type Backend, volumeName } from './backend.ts'
import { Known, type Manageable, manageable, page, paged } from './manageable.ts'

export const GetManageableVolumes = z.strictObject({ cinder_volumes: z.array(Known).default([]), ...page })
export type GetManageableVolumes = z.infer<typeof GetManageableVolumes>

/**
 * Every volume of the cluster, as something that could be managed: which is ours already, which is attached.
 *
 * @see cinder/volume/driver.py get_manageable_volumes
 */
export async function getManageableVolumes(
  backend: Backend,
  input: GetManageableVolumes,
): Promise<{ volumes: Manageable[] }> {
  const [all, attached] = await Promise.all([
    volumesList(backend.storpool),
    attachmentsList(backend.storpool),
  ])
  const known = new Map(input.cinder_volumes.map(({ id }) => [volumeName(backend, id), id]))
  const held = new Set(attached.map(({ globalId }) => globalId))
  const entries = all.map((there) => manageable(there, known.get(there.name), held.has(there.globalId)))
  return { volumes: paged(entries, input) }
}
