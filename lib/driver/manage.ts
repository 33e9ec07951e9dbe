import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { GlobalId, SnapshotName, type Tags, VolumeName } from '../storpool/schema/values.ts'
import { GiB, toGiB } from '../units.ts'

/** How Cinder names what it does not know yet. */
const Reference = <Name extends z.ZodType<string>>(name: Name) =>
  z
    .strictObject({ 'source-name': name.optional(), 'source-id': GlobalId.optional() })
    .refine(
      (ref) => (ref['source-name'] === undefined) !== (ref['source-id'] === undefined),
      'must have source-name or source-id (a global id), and not both',
    )
/** Legal names, but on the way of a request these two are folded away: what bears them is reached by its id. */
const isSayable = (name: string) => name !== '.' && name !== '..'
const unsayable = 'cannot be asked for by this name: use source-id'
export const VolumeReference = Reference(VolumeName.refine(isSayable, unsayable))
export const SnapshotReference = Reference(SnapshotName.refine(isSayable, unsayable))

/** What to call the referenced object in a StorPool call. */
export const refOf = (reference: {
  'source-name'?: string | undefined
  'source-id'?: string | undefined
}): string =>
  reference['source-id'] === undefined ? (reference['source-name'] ?? '') : `~${reference['source-id']}`

/** The tags that say an object is ours. */
export const ownerTags = ['cl-id', 'cl-from', 'cl-project', 'cl-moved', 'cl-job'] as const

/** The complete set without ours: an emptied tag is a removed one, whether the server merges tags or replaces them. */
export const withoutOwner = (tags: Tags | undefined): Tags => ({
  ...tags,
  ...Object.fromEntries(ownerTags.filter((tag) => tags?.[tag] !== undefined).map((tag) => [tag, ''])),
})

/** Whole GiB, in bytes: Cinder counts nothing smaller. */
export const roundedUp = (bytes: number): number => toGiB(bytes) * GiB

/** Whether tags say that an object is one of these records'. */
export const isOwnedBy = (tags: Tags | undefined, ids: readonly (string | null | undefined)[]): boolean =>
  Boolean(tags?.['cl-id']) && ids.includes(tags?.['cl-id'])

/** @throws DriverError Conflict: another record owns it. */
export const refuseOwned = (what: string, tags: Tags | undefined, id: string): void => {
  const owner = tags?.['cl-id']
  if (owner === undefined || owner === '' || owner === id) return
  throw new DriverError('Conflict', `${what} is managed already, as ${owner}`, {
    remedy: `Unmanage ${owner} first, or choose something else.`,
    details: { owner },
  })
}
