import { Refusal } from './refusal.ts'
import { assertOwn, makeInFolder } from './repository-folder.ts'
import type { Restic } from './restic.ts'
import { type Snapshot, snapshotsOf } from './snapshots.ts'

/** Repositories that are being made in this process: one at a time of each. */
const making = new Map<string, Promise<unknown>>()

/**
 * Do what needs a repository; where there is none it is made, and that is done again.
 *
 * @param tags of snapshots, as below
 * @throws Refusal
 */
export const inRepository = async <T>(
  restic: Restic,
  tags: readonly string[],
  work: () => Promise<T>,
): Promise<T> => {
  if (restic.store.path !== undefined) await assertOwn(restic.store.path, restic.user)
  const done = await ifThere(work().then((result) => ({ result })))
  if (done !== undefined) return done.result
  await snapshotsOrNew(restic, tags)
  return work()
}

/**
 * Those snapshots of a repository that have these tags. Where there is no repository it is made, once however many ask.
 *
 * @throws Refusal
 */
export const snapshotsOrNew = async (restic: Restic, tags: readonly string[]): Promise<Snapshot[]> => {
  if (restic.store.path !== undefined) await assertOwn(restic.store.path, restic.user)
  const found = await ifThere(snapshotsOf(restic, { tags }))
  if (found !== undefined) return found
  const other = making.get(restic.place)
  if (other !== undefined) {
    await other.catch(() => {})
    // Whoever made it may have failed: then it is this one's turn.
    return snapshotsOrNew(restic, tags)
  }
  const made = make(restic)
  making.set(restic.place, made)
  try {
    await made
  } finally {
    making.delete(restic.place)
  }
  return []
}

const make = async (restic: Restic): Promise<void> => {
  const { path } = restic.store
  if (path === undefined) await init(restic)
  else await makeInFolder(path, restic.user, (place) => init(restic.within(restic.signal, place)))
}

const init = async (restic: Restic): Promise<void> => {
  try {
    await restic.run(['init', '--repository-version', '2'])
  } catch (error) {
    // Made since it was looked for.
    if (!(error instanceof Refusal && /config file already exists/.test(error.message))) throw error
  }
}

/** @returns undefined where there is no repository */
export const ifThere = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work
  } catch (error) {
    if (error instanceof Refusal && error.code === 'repository_missing') return undefined
    throw error
  }
}
