import * as z from 'zod'
import type { SnapshotSummary } from '../storpool/schema/answers.ts'
import { snapshotsList } from '../storpool/snapshots.ts'
import { type Backend, snapshotName } from './backend.ts'
import { Known, type Manageable, manageable, page, paged } from './manageable.ts'

export const GetManageableSnapshots = z.strictObject({
  cinder_snapshots: z.array(Known).default([]),
  ...page,
})
export type GetManageableSnapshots = z.infer<typeof GetManageableSnapshots>

/** Snapshots that are going, or that the cluster made for itself, are nobody's to manage. */
const isLasting = ({ name, deleted, transient }: SnapshotSummary): boolean =>
  !deleted && !transient && !name.startsWith('*')

/**
 * Every lasting snapshot of the cluster, as something that could be managed.
 *
 * @see cinder/volume/driver.py get_manageable_snapshots
 */
export async function getManageableSnapshots(
  backend: Backend,
  input: GetManageableSnapshots,
): Promise<{ snapshots: Manageable[] }> {
  const all = (await snapshotsList(backend.storpool)).filter(isLasting)
  const known = new Map(input.cinder_snapshots.map(({ id }) => [snapshotName(backend, id), id]))
  const entries = all.map((there) => ({
    ...manageable(there, known.get(there.name), false),
    source_reference: { 'source-name': there.onVolume ?? '' },
  }))
  return { snapshots: paged(entries, input) }
}
