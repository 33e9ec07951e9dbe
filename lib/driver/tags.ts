import type { Tags } from '../storpool/schema/values.ts'

/**
 * The few tags our objects carry, so that they can be told from others and found again after a rename. Short,
 * because StorPool bounds name and tags together at about 200 bytes.
 */
interface Ours {
  /** The Cinder id of the object itself. */
  readonly id: string
  /** The Cinder id of what it was made from: a snapshot's volume, a volume's snapshot. */
  readonly from?: string | undefined
  readonly project?: string | null | undefined
}

export const tagsOf = ({ id, from, project }: Ours): Tags => ({
  'cl-id': id,
  ...(from === undefined ? {} : { 'cl-from': from }),
  ...(project ? { 'cl-project': project } : {}),
})

/** True when the tags say that another of our objects took the name; objects of Cinder's driver have none. */
export const contradicts = (tags: Tags | undefined, { id, from }: Ours): boolean =>
  tags?.['cl-id'] !== undefined && (tags['cl-id'] !== id || tags['cl-from'] !== from)
