import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, lstat, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FolderFile } from '../lib/agent/stores.ts'
import type { RequestOf } from '../lib/agent/tasks.ts'
import type { AgentConfig } from './config.ts'
import { asRefusal, Refusal } from './refusal.ts'
import { assertSpace } from './staging.ts'
import { storeOf } from './stores.ts'

/**
 * A file to be in a folder of the operator's: made under a hidden name of its task's own, then given its name, which
 * nothing must have yet.
 *
 * @throws Refusal `bad_request` there is no such store
 */
export const shelfOf = (
  config: AgentConfig,
  { requestId }: RequestOf<'upload-volume'>,
  destination: FolderFile,
) => {
  const { path: folder } = storeOf(config.stores, 'folder', destination.store)
  // Several hosts may share the folder, and a task's id comes from a request.
  const hash = createHash('sha256').update(`${config.clientId}:${requestId}`).digest('hex').slice(0, 32)
  const part = join(folder, `.cinderless-${hash}.part`)
  const probe = join(folder, `.cinderless-${hash}.probe`)
  const final = join(folder, destination.name)

  /** Whether the name is this task's file already. */
  const isPlaced = async (made: string | undefined): Promise<boolean> => {
    const there = await lstat(final, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw unusable(error)
    })
    if (there === undefined) return false
    if (there.isFile() && String(there.ino) === made) return true
    throw taken()
  }
  const taken = () =>
    new Refusal('destination_exists', `The store ${destination.store} has a file ${destination.name} already`)
  const unusable = (error: unknown) =>
    new Refusal(
      'destination_refused',
      `The folder of store ${destination.store} cannot be used: ${asRefusal(error).message}`,
    )

  const removePart = async () => {
    await rm(part, { force: true })
    await rm(probe, { force: true })
  }

  /** Numbers of inodes are used again: what has the name is this task's own while it has the hidden one, too. */
  const takeBack = async () => {
    const [made, there] = await Promise.all([part, final].map((name) => lstat(name).catch(() => undefined)))
    if (made !== undefined && made.ino === there?.ino) await rm(final)
  }

  return {
    isPlaced,
    removePart,
    /** Take the name from what was made, should it have that already. */
    takeBack,
    /** A new, empty file; what an earlier try left is thrown away. */
    open: async (): Promise<FileHandle> => {
      try {
        await removePart()
        const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
        const handle = await open(part, flags, 0o600)
        // Without a second name for one file nothing can be given a name that is not taken: found out before the work.
        await link(part, probe).catch(async (error: unknown) => {
          await handle.close()
          throw error
        })
        await rm(probe)
        return handle
      } catch (error) {
        throw unusable(error)
      }
    },
    /** What an earlier try has made. */
    reopen: (): Promise<FileHandle> => open(part, constants.O_RDONLY | constants.O_NOFOLLOW),
    /** Nobody changes it any more. Whoever may read it is decided by the folder's group. */
    seal: (handle: FileHandle): Promise<void> => handle.chmod(0o440),
    assertSpace: (bytes: number): Promise<void> =>
      assertSpace(folder, bytes, `in the store ${destination.store}`),
    /**
     * The hidden name stays until it is put down that all is done.
     *
     * @throws Refusal `destination_exists` the name was taken meanwhile
     */
    place: async (made: string | undefined): Promise<void> => {
      if (!(await isPlaced(made))) {
        await link(part, final).catch((error: NodeJS.ErrnoException) => {
          throw error.code === 'EEXIST' ? taken() : unusable(error)
        })
      }
      const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    },
  }
}
export type Shelf = ReturnType<typeof shelfOf>
