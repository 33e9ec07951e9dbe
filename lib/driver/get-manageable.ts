import * as z from 'zod'
import { attachmentsList } from '../storpool/attachments.ts'
import type { SnapshotSummary, VolumeSummary } from '../storpool/schema.ts'
import { snapshotsList } from '../storpool/snapshots.ts'
import { volumesList } from '../storpool/volumes.ts'
import { toGiB } from '../units.ts'
import { type Backend, snapshotName, volumeName } from './backend.ts'
import { CinderId } from './model.ts'

const page = {
  /** A `source-name`: what comes after it. */
  marker: z.string().max(200).nullish(),
  limit: z.int().min(1).max(10_000).default(1000),
  offset: z.int().nonnegative().default(0),
  sort_keys: z.array(z.enum(['reference', 'size'])).default(['reference']),
  sort_dirs: z.array(z.enum(['asc', 'desc'])).default(['asc']),
}

const Known = z.looseObject({ id: CinderId })

export const GetManageableVolumes = z.strictObject({ cinder_volumes: z.array(Known).default([]), ...page })
export type GetManageableVolumes = z.infer<typeof GetManageableVolumes>
export const GetManageableSnapshots = z.strictObject({
  cinder_snapshots: z.array(Known).default([]),
  ...page,
})
export type GetManageableSnapshots = z.infer<typeof GetManageableSnapshots>

/** @see cinder/volume/driver.py get_manageable_volumes: the keys of an entry */
export interface Manageable {
  readonly reference: { readonly 'source-name': string; readonly 'source-id': string }
  /** The volume a snapshot is the nearest point in time of; only for snapshots. */
  readonly source_reference?: { readonly 'source-name': string }
  /** GiB. */
  readonly size: number
  readonly safe_to_manage: boolean
  readonly reason_not_safe: string | null
  readonly cinder_id: string | null
  readonly extra_info: { readonly template: string } | null
}

type Summary = Pick<VolumeSummary, 'name' | 'globalId' | 'size' | 'tags' | 'templateName'>

const entry = (there: Summary, known: string | undefined, held: boolean): Manageable => {
  const owner = known ?? there.tags?.['cl-id']
  const reason =
    known !== undefined
      ? 'already managed'
      : owner
        ? `managed as ${owner}`
        : held
          ? 'attached'
          : there.name.startsWith('#')
            ? 'a system volume'
            : null
  return {
    reference: { 'source-name': there.name, 'source-id': there.globalId },
    size: toGiB(there.size),
    safe_to_manage: reason === null,
    reason_not_safe: reason,
    cinder_id: owner ?? null,
    extra_info: there.templateName ? { template: there.templateName } : null,
  }
}

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
  const entries = all.map((there) => entry(there, known.get(there.name), held.has(there.globalId)))
  return { volumes: paged(entries, input) }
}

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
    ...entry(there, known.get(there.name), false),
    source_reference: { 'source-name': there.onVolume ?? '' },
  }))
  return { snapshots: paged(entries, input) }
}

type Paging = Pick<GetManageableVolumes, 'marker' | 'limit' | 'offset' | 'sort_keys' | 'sort_dirs'>

const paged = <Entry extends Manageable>(entries: readonly Entry[], paging: Paging): Entry[] => {
  const { marker, limit, offset, sort_keys, sort_dirs } = paging
  const value = ({ reference, size }: Entry, key: 'reference' | 'size') =>
    key === 'size' ? size : reference['source-name']
  const sorted = entries.toSorted((one, other) => {
    for (const [n, key] of sort_keys.entries()) {
      const [a, b] = [value(one, key), value(other, key)]
      if (a !== b) return (a < b ? -1 : 1) * (sort_dirs[n] === 'desc' ? -1 : 1)
    }
    return 0
  })
  const after = marker ? sorted.findIndex(({ reference }) => reference['source-name'] === marker) + 1 : 0
  return sorted.slice(after + offset, after + offset + limit)
}
