import { constants } from 'node:fs'
import { type FileHandle, open, statfs } from 'node:fs/promises'
import type { CopyUser } from './guard.ts'
import { Refusal } from './refusal.ts'

const folder = '/dev/shm'
/** Linux's `__O_TMPFILE`, of no use without O_DIRECTORY: a file without a name, gone with its last descriptor. */
const withoutName = 0o20000000 | constants.O_DIRECTORY
/** `TMPFS_MAGIC` */
const inMemory = 0x01021994

/**
 * A file in memory that has no name, for what a child is to read and nobody else: it opens the descriptor it gets anew.
 * Nothing of it is ever on a disk, on a command line or in an environment. (Node's pipes to children are sockets, which
 * cannot be opened by name.)
 *
 * @param owner whose it is: the child's user
 * @throws Refusal `tool_missing` the host has no memory file system
 * @see open(2) O_TMPFILE
 */
export const memoryFile = async (text: string, owner: CopyUser | undefined): Promise<FileHandle> => {
  const kind = await statfs(folder).then(
    ({ type }) => type,
    () => undefined,
  )
  if (kind !== inMemory) {
    throw new Refusal('tool_missing', `${folder} is not in memory on this host: mount a tmpfs there`)
  }
  const handle = await open(folder, withoutName | constants.O_RDWR, 0o400)
  try {
    await handle.write(text, 0)
    if (owner) await handle.chown(owner.uid, owner.gid)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}
