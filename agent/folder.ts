import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type * as z from 'zod'
import type { FolderImage } from '../lib/agent/tasks.ts'
import { type Bytes, bytesOf } from './images/bytes.ts'
import { eachPiece } from './pieces.ts'
import { Refusal } from './refusal.ts'

/** An image file held open. */
export interface Image extends AsyncDisposable {
  /** Children get its descriptor. */
  readonly handle: FileHandle
  readonly bytes: Bytes
  /** The same as long as neither content nor name was touched. */
  readonly identity: string
  /** @throws Refusal `source_changed` the file is no longer what it was when it was opened */
  assertUnchanged(): Promise<void>
  sha256(signal: AbortSignal): Promise<string>
}

/**
 * Open an image of the configured folder. Children get this descriptor, so what was inspected is what is copied
 * even when the name has come to mean another file; a change in place shows in the file's times. (A private
 * copy would do the same at the price of reading and keeping every image twice; file systems where a copy is
 * free are the exception.)
 *
 * @throws Refusal `source_not_found`
 */
export const openFolderImage = async (
  folder: string,
  { name }: z.infer<typeof FolderImage>,
): Promise<Image> => {
  // A link could lead out of the folder; a named pipe must not hold the agent up.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(join(folder, name), flags).catch((error: NodeJS.ErrnoException) => {
    const known: Record<string, string> = {
      ENOENT: 'is not there',
      ELOOP: 'is a link, which is not followed',
    }
    throw new Refusal(
      'source_not_found',
      `The image ${name} ${known[error.code ?? ''] ?? `cannot be read: ${error.code}`}`,
    )
  })
  return imageOf(handle, name)
}

/**
 * A file that is open as an image. Closed with it.
 *
 * @param name what errors call it
 * @throws Refusal `source_not_found` it is not an ordinary file
 */
export const imageOf = async (handle: FileHandle, name: string): Promise<Image> => {
  const status = async () => handle.stat({ bigint: true })
  const first = await status()
  if (!first.isFile()) {
    await handle.close()
    throw new Refusal('source_not_found', `The image ${name} is not an ordinary file`)
  }
  const identity = identityOf(first)
  return {
    handle,
    bytes: bytesOf(handle, Number(first.size)),
    identity,
    assertUnchanged: async () => {
      if (identityOf(await status()) === identity) return
      throw new Refusal(
        'source_changed',
        `The image ${name} was changed, replaced or renamed while it was used`,
      )
    },
    sha256: async (signal) => {
      const hash = createHash('sha256')
      await eachPiece(handle, { from: 0, to: Number(first.size), signal }, (piece) => void hash.update(piece))
      return hash.digest('hex')
    },
    [Symbol.asyncDispose]: () => handle.close(),
  }
}

/** Without the device number: that may differ after the host was started again. */
const identityOf = ({
  ino,
  size,
  mtimeNs,
  ctimeNs,
}: {
  ino: bigint
  size: bigint
  mtimeNs: bigint
  ctimeNs: bigint
}) => [ino, size, mtimeNs, ctimeNs].join(':')
