import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { CopyUser } from './guard.ts'
import { Refusal } from './refusal.ts'

/** What a try that was cut off left beside the repository, once it is so old that nobody is at it. */
const leftMs = 3_600_000
const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined)

/**
 * restic runs as its own user, who must own the repository.
 *
 * @throws Refusal `repository_refused` somebody else does
 */
export const assertOwn = async (path: string, user: CopyUser | undefined): Promise<void> => {
  const config = await stat(join(path, 'config')).catch(() => undefined)
  if (config === undefined || user === undefined || config.uid === user.uid) return
  throw new Refusal(
    'repository_refused',
    `The repository ${path} belongs to user ${config.uid}, and restic runs as ${user.uid}: chown -R ${user.uid}:${user.gid} ${path}`,
  )
}

/**
 * Make a repository in a folder that is empty or not there. It is made beside and moved there as a whole: who comes
 * second finds one, and a try that is cut off leaves none. Only where nothing can be made beside, or the folder is a
 * file system of its own, is it made in place.
 *
 * @throws Refusal `repository_refused` the folder has something else in it, or cannot be made
 */
export const makeInFolder = async (
  path: string,
  user: CopyUser | undefined,
  init: (place: string) => Promise<unknown>,
): Promise<void> => {
  if (await isMade(path)) return
  await removeLeft(path)
  const beside = await mkdtemp(`${path}.new-`).catch(() => undefined)
  if (beside !== undefined) {
    try {
      await give(beside, user)
      await init(beside)
      await rename(beside, path)
      return
    } catch (error) {
      await removeTree(beside)
      // Somebody else was first: what is there now is a repository.
      if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return
      if (codeOf(error) !== 'EBUSY' && codeOf(error) !== 'EXDEV') throw error
    }
  }
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) === 'EEXIST') return
    throw new Refusal('repository_refused', `The folder ${path} cannot be made: ${String(codeOf(error))}`)
  })
  await give(path, user)
  await init(path)
}

const give = async (folder: string, user: CopyUser | undefined) => {
  await chmod(folder, 0o700)
  if (user) await chown(folder, user.uid, user.gid)
}

/** @returns whether there is one already @throws Refusal there is something else */
const isMade = async (path: string): Promise<boolean> => {
  const names = await readdir(path).catch((error: unknown): string[] => {
    if (codeOf(error) === 'ENOENT') return []
    throw new Refusal('repository_refused', `${path} cannot be read: ${String(codeOf(error))}`)
  })
  if (names.length === 0 || names.includes('config')) return names.length > 0
  throw new Refusal(
    'repository_refused',
    `${path} has something in it that is no repository: name another folder, or empty it`,
  )
}

const removeLeft = async (path: string) => {
  const folder = dirname(path)
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((one) => one.startsWith(`${basename(path)}.new-`))) {
    const left = join(folder, name)
    const { mtimeMs } = await stat(left).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > leftMs) await removeTree(left)
  }
}

/** The agent may not write where another user may, unless it is root with all that belongs to it. */
const removeTree = async (folder: string) => {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  const take = async (one: string): Promise<void> => {
    await chown(one, uid, gid)
    const entries = await readdir(one, { withFileTypes: true })
    await Promise.all(entries.filter((entry) => entry.isDirectory()).map(({ name }) => take(join(one, name))))
  }
  await take(folder).catch(() => {})
  await rm(folder, { recursive: true, force: true })
}
