import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from './context.ts'
import { asRefusal, Refusal } from './refusal.ts'

const MiB = 1024 ** 2
/** Kept free for everybody else on that file system. */
const reserveBytes = 64 * MiB

/** What a copy is called: the sweep removes nothing else, should the folder be used for other things. */
const ownName = /^[0-9a-f]{32}$/

/** The agent's own copies of image files, one for each task at most, that nobody but its children can read. */
export const stagingOf = ({ config, guard }: Context) => {
  const folder = config.staging ?? join(config.state, 'staging')
  // A task's id comes from a request.
  const nameOf = (task: string) => createHash('sha256').update(task).digest('hex').slice(0, 32)
  const pathOf = (task: string) => join(folder, nameOf(task))

  return {
    /** For writing; what an earlier try left is kept. */
    open: async (task: string): Promise<FileHandle> => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await assertPrivate(folder)
      return open(pathOf(task), constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
    },
    /** Nobody changes it any more, and children may read it. */
    seal: async (handle: FileHandle): Promise<void> => {
      await handle.sync()
      await handle.chmod(0o400)
      if (guard.user) await handle.chown(guard.user.uid, guard.user.gid)
    },
    openSealed: async (task: string): Promise<FileHandle> => {
      await assertPrivate(folder)
      return open(pathOf(task), constants.O_RDONLY | constants.O_NOFOLLOW)
    },
    remove: (task: string): Promise<void> => rm(pathOf(task), { force: true }),
    /** Remove what belongs to none of the tasks that `needed` names: asked afterwards, so a new one is among them. */
    sweep: async (needed: () => readonly string[]): Promise<void> => {
      const names = await readdir(folder).catch(() => [])
      const kept = new Set(needed().map(nameOf))
      await Promise.all(
        names
          .filter((name) => ownName.test(name) && !kept.has(name))
          .map((name) => rm(join(folder, name), { force: true })),
      )
    },
    /** @throws Refusal `no_space` */
    assertSpace: (bytes: number): Promise<void> => assertSpace(folder, bytes, 'of staging space'),
  }
}
export type Staging = ReturnType<typeof stagingOf>

/** Whoever can write there could put another image in the place of the one that was looked at. */
const assertPrivate = async (folder: string): Promise<void> => {
  const status = await lstat(folder)
  if (status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o077) === 0) return
  throw new Refusal(
    'io_error',
    `The staging folder ${folder} is not the agent's alone: make it a folder of the agent's user, chmod 0700`,
  )
}

/** @throws Refusal `no_space` */
export const assertSpace = async (folder: string, bytes: number, where: string): Promise<void> => {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (bytes + reserveBytes <= free) return
  throw new Refusal('no_space', `The image may need ${bytes} bytes ${where}, and ${free} are free`, { free })
}

/** @throws Refusal `no_space` the disk, a quota or a limit is full */
export const writeStaged = async (handle: FileHandle, bytes: Buffer, position: number): Promise<void> => {
  try {
    for (let done = 0; done < bytes.length; ) {
      done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) throw asRefusal(error)
    throw new Refusal('no_space', `The image does not fit into the staging space: ${code}`)
  }
}

/** Copy a file; holes stay holes. */
export const copyStaged = async (from: FileHandle, to: FileHandle, signal: AbortSignal): Promise<void> => {
  const { size } = await from.stat()
  await to.truncate(0)
  const buffer = Buffer.alloc(MiB)
  for (let at = 0; at < size; ) {
    signal.throwIfAborted()
    const { bytesRead } = await from.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) break
    const piece = buffer.subarray(0, bytesRead)
    if (!isZero(piece)) await writeStaged(to, piece, at)
    at += bytesRead
  }
  await to.truncate(size)
}

const zeros = Buffer.alloc(MiB)
const isZero = (piece: Buffer) => zeros.compare(piece, 0, piece.length, 0, piece.length) === 0
