import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from '../lib/agent/protocol.ts'
import type { CopyUser } from './guard.ts'
import { Refusal } from './refusal.ts'

/** Between two looks at a device that is not there yet. */
const lookMs = 100

export interface Found {
  /** The link by global id: the name that never comes to mean another volume. */
  readonly path: string
  /** What the link led to. */
  readonly real: string
  readonly kind: 'block' | 'file'
  readonly sizeBytes: number
}

export interface Device extends Found, AsyncDisposable {
  readonly handle: FileHandle
  /** Whether it can be read, or written, around the page cache. */
  readonly direct: boolean
  /** As it is now: an extend shows. */
  size(): Promise<number>
}

/**
 * Look until the device is there with the stated size.
 *
 * @throws Refusal `device_timeout` it did not come; `size_mismatch` it came with another size;
 *   `not_attached` what is there is not a device
 */
export const waitForDevice = async (
  devices: string,
  volume: Target,
  waitMs: number,
  signal: AbortSignal,
): Promise<Found> => {
  const until = performance.now() + waitMs
  for (;;) {
    const found = await findDevice(devices, volume.globalId)
    if (found?.sizeBytes === volume.sizeBytes) return found
    if (performance.now() >= until) throw late(volume, found, waitMs)
    await sleep(lookMs, undefined, { signal })
  }
}

/** Between two looks at a size, and how many: an extend reaches the host a moment after StorPool has answered. */
const sizeLooks = { everyMs: 100, most: 10 }

/**
 * The device's size, read anew until it is at least `expectBytes`.
 *
 * @throws Refusal `size_pending` it is still smaller; `not_attached` there is no device
 */
export const sizeOfDevice = async (
  devices: string,
  globalId: string,
  expectBytes: number,
  signal: AbortSignal,
): Promise<number> => {
  for (let look = 1; ; look += 1) {
    const found = await findDevice(devices, globalId)
    if (found === undefined)
      throw new Refusal('not_attached', `There is no device of ${globalId} on this host`)
    const { sizeBytes } = found
    if (sizeBytes >= expectBytes) return sizeBytes
    if (look >= sizeLooks.most) {
      throw new Refusal(
        'size_pending',
        `The device of ${globalId} has ${sizeBytes} bytes, not yet ${expectBytes}`,
        {
          sizeBytes,
        },
      )
    }
    await sleep(sizeLooks.everyMs, undefined, { signal })
  }
}

const late = (volume: Target, found: Found | undefined, waitMs: number) =>
  found === undefined
    ? new Refusal('device_timeout', `The device of ${volume.globalId} did not appear within ${waitMs} ms`)
    : new Refusal(
        'size_mismatch',
        `The device of ${volume.globalId} has ${found.sizeBytes} bytes, not ${volume.sizeBytes}`,
        { sizeBytes: found.sizeBytes },
      )

/**
 * Open for writing what `found` was. A mounted device, or one that another program holds for itself, is refused.
 * Nothing is ever made: a name without a device stays an error.
 *
 * @param user whom the device is lent to until it is closed: a child opens the descriptor it gets anew
 */
export const openDevice = async (found: Found, user?: CopyUser): Promise<Device> => {
  const exclusive = found.kind === 'block' ? constants.O_EXCL : 0
  const handle = await open(found.real, constants.O_RDWR | exclusive).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EBUSY')
        throw new Refusal('volume_in_use', `${found.path} is mounted or held by another program`)
      if (error.code === 'ENOENT') throw new Refusal('not_attached', `${found.path} is gone`)
      throw new Refusal('io_error', `Cannot open ${found.path} for writing: ${error.message}`)
    },
  )
  const lent = await lentOut(handle, user)
  return {
    ...found,
    ...lent,
    size: () => sizeOf(handle),
    direct: await takesDirect(handle, constants.O_RDWR, found.sizeBytes),
  }
}

/**
 * Open for reading what `found` was; of a device attached `ro` nothing else can be had.
 *
 * @param user as of {@link openDevice}
 */
export const openForReading = async (found: Found, user?: CopyUser): Promise<Device> => {
  const { real, path, sizeBytes } = found
  const handle = await open(real, constants.O_RDONLY).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new Refusal('not_attached', `${path} is gone`)
    throw new Refusal('io_error', `Cannot open ${path} for reading: ${error.message}`)
  })
  const lent = await lentOut(handle, user)
  const direct = await takesDirect(handle, constants.O_RDONLY, sizeBytes)
  return { ...found, ...lent, size: () => sizeOf(handle), direct }
}

const lentOut = async (handle: FileHandle, user: CopyUser | undefined) => {
  const giveBack = user ? await lend(handle, user) : async () => {}
  return {
    handle,
    [Symbol.asyncDispose]: async () => {
      try {
        await giveBack()
      } finally {
        await handle.close()
      }
    },
  }
}

/** Let a child open a file anew. One that is found lent was so when an agent was killed: it goes back to the agent's own user. */
export const lend = async (handle: FileHandle, user: CopyUser): Promise<() => Promise<void>> => {
  const { uid, gid } = await handle.stat()
  if (uid !== user.uid) await handle.chown(user.uid, gid)
  return () => handle.chown(uid === user.uid ? (process.getuid?.() ?? uid) : uid, gid)
}

/**
 * What the link of a global id leads to: a block device, or in the stand-in for a cluster an ordinary file elsewhere
 * than in /dev.
 * `undefined` while there is none.
 */
export const findDevice = async (devices: string, globalId: string): Promise<Found | undefined> => {
  const path = join(devices, 'storpool-byid', globalId)
  try {
    if (!(await lstat(path)).isSymbolicLink())
      throw new Refusal('not_attached', `${path} is not a link to a device`)
    const real = await realpath(path)
    const status = await stat(real)
    if (status.isBlockDevice()) return { path, real, kind: 'block', sizeBytes: await blockSize(status.rdev) }
    if (status.isFile() && !isInDev(real)) return { path, real, kind: 'file', sizeBytes: status.size }
    throw new Refusal('not_attached', `${path} leads to no block device`)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENXIO'))
      return undefined
    throw error
  }
}

/**
 * What somebody wrote to the name of a device that was gone is a file, in memory, and no volume; but for the folder
 * where files are kept in memory on purpose.
 */
const isInDev = (path: string) => path.startsWith('/dev/') && !path.startsWith('/dev/shm/')

const sizeOf = async (handle: FileHandle) => {
  const status = await handle.stat()
  return status.isBlockDevice() ? blockSize(status.rdev) : status.size
}

/** Bytes of a block device. The kernel counts in sectors of 512 whatever the device's own are. */
const blockSize = async (rdev: number) =>
  512 * Number(await readFile(`/sys/dev/block/${deviceNumber(rdev)}/size`, 'utf8'))

/** `major:minor`, as `/sys` and `/proc` write it. */
export const deviceNumber = (rdev: number): string => {
  const major = (rdev >>> 8) & 0xfff
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00)
  return `${major}:${minor}`
}

/**
 * Some file systems (tmpfs on older kernels) have no direct access. Where the size is not a multiple of 4096 they are not used
 * either: qemu writes whole blocks then, and an ordinary file would grow.
 */
const takesDirect = async (handle: FileHandle, access: number, sizeBytes: number) => {
  if (sizeBytes % 4096 !== 0) return false
  try {
    await (await openAround(handle, access)).close()
    return true
  } catch {
    return false
  }
}

/** Open the same once more, to read or write around the page cache: whole blocks, from buffers that begin with a page. */
export const openAround = (handle: FileHandle, access: number): Promise<FileHandle> =>
  open(`/proc/self/fd/${handle.fd}`, access | constants.O_DIRECT)
