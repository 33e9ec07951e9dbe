import * as z from 'zod'
import type { Backup } from '../lib/agent/backups.ts'
import { jsonIn } from '../lib/json.ts'
import { Refusal } from './refusal.ts'
import type { Restic } from './restic.ts'
import { whenUnlocked } from './restic-locks.ts'

/** @see restic 0.14.0, `snapshots --json` */
const Snapshot = z.looseObject({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  time: z.string(),
  paths: z.array(z.string()),
  tags: z.array(z.string()).nullish(),
  /** Of one that was tagged: what it was before. */
  original: z.string().nullish(),
})
export type Snapshot = z.infer<typeof Snapshot>
const Snapshots = z.array(Snapshot).nullable()

/**
 * What a repository holds, the oldest first.
 *
 * @param which an id, or tags that all of them have
 */
export const snapshotsOf = async (
  restic: Restic,
  which: { readonly id?: string; readonly tags?: readonly string[] } = {},
): Promise<Snapshot[]> => {
  const tags = which.tags === undefined ? [] : ['--tag', which.tags.join(',')]
  const ids = which.id === undefined ? [] : [which.id]
  const said = await whenUnlocked(restic, () =>
    restic.run(['snapshots', '--json', '--no-lock', ...tags, ...ids]),
  )
  const parsed = Snapshots.safeParse(jsonIn(said))
  if (!parsed.success) throw new Refusal('io_error', 'restic snapshots said what is not understood')
  return (parsed.data ?? []).toSorted((one, other) => Date.parse(one.time) - Date.parse(other.time))
}

/** @throws Refusal `backup_not_found` */
export const snapshotOf = async (restic: Restic, id: string): Promise<Snapshot> => {
  const [found] = await snapshotsOf(restic, { id })
  if (found !== undefined) return found
  throw new Refusal('backup_not_found', `There is no backup ${id} in the repository ${restic.name}`)
}

/** What is in the tags of a snapshot, by name. */
export const wordsOf = ({ tags }: Snapshot): ReadonlyMap<string, string> =>
  new Map((tags ?? []).map((tag) => split(tag)))

const split = (tag: string): [string, string] => {
  const at = tag.indexOf('=')
  return at < 0 ? [tag, ''] : [tag.slice(0, at), tag.slice(at + 1)]
}

/** A snapshot of ours that was never made whole: its digest is put down last. */
export const isUnfinished = (snapshot: Snapshot): boolean => {
  const words = wordsOf(snapshot)
  return words.has('vol') && words.has('job') && !words.has('sha256')
}

/** A snapshot as a backup; undefined where it is none of ours, or not whole. */
export const backupOf = (snapshot: Snapshot): Backup | undefined => {
  const { vol, job, size, sha256, added, ...tags } = Object.fromEntries(wordsOf(snapshot))
  if (vol === undefined || job === undefined || size === undefined || sha256 === undefined) return undefined
  return {
    snapshotId: snapshot.id,
    time: snapshot.time,
    volume: vol,
    job,
    sizeBytes: Number(size),
    addedBytes: Number(added ?? 0),
    sha256,
    tags,
  }
}
