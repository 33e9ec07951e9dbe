import { execFile } from 'node:child_process'
import { constants, rmSync, truncateSync } from 'node:fs'
import { copyFile, mkdir, open, readdir, rename, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { noRoom, reasonOf } from './errors.ts'

const run = promisify(execFile)
const CHUNK = 1024 * 1024
const zeros = Buffer.alloc(CHUNK)

/** Copy what is not zeros, where there is no `cp` that finds the holes. Holes cost a read from memory. */
const copySparsely = async (from: string, to: string) => {
  await using source = await open(from, 'r')
  await using target = await open(to, 'w')
  const { size } = await source.stat()
  const chunk = Buffer.allocUnsafe(CHUNK)
  for (let at = 0; at < size; ) {
    const { bytesRead } = await source.read(chunk, 0, CHUNK, at)
    if (bytesRead === 0) break
    if (chunk.compare(zeros, 0, bytesRead, 0, bytesRead) !== 0) await target.write(chunk, 0, bytesRead, at)
    at += bytesRead
  }
  await target.truncate(size)
}

/**
 * The files with the objects' bytes: sparse, one number each. A file comes to its name only when it is whole,
 * so one that a killed process was half through with is swept away at the next start.
 */
export const openBytes = async (folder: string) => {
  await mkdir(folder, { recursive: true })
  const present = await readdir(folder)
  let last = Math.max(0, ...present.map(Number).filter(Number.isInteger))
  let canReflink = true
  const pathOf = (file: number) => join(folder, String(file))

  const reflink = async (from: string, to: string) => {
    if (!canReflink) return false
    try {
      await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE)
      return true
    } catch {
      canReflink = false
      return false
    }
  }
  const copyHoles = async (from: string, to: string) => {
    try {
      await run('cp', ['--sparse=always', '--reflink=never', '--', from, to])
    } catch {
      await copySparsely(from, to)
    }
  }

  return {
    folder,
    pathOf,
    /** Remove what no object uses. */
    sweep: async (isUsed: (file: number) => boolean) => {
      const stray = present.filter((name) => !isUsed(Number(name)))
      await Promise.all(stray.map((name) => rm(join(folder, name), { force: true })))
    },
    /** A new file of `size` bytes, all zeros. */
    create: async (size: number): Promise<number> => {
      const file = ++last
      try {
        await using handle = await open(pathOf(file), 'w', 0o600)
        await handle.truncate(size)
      } catch (error) {
        throw cannotHold(size, error)
      }
      return file
    },
    /** A new file with the first `length` bytes of another, and zeros up to `size`. */
    copy: async (from: number, length: number, size: number): Promise<number> => {
      const file = ++last
      const part = `${pathOf(file)}.part`
      try {
        if (!(await reflink(pathOf(from), part))) await copyHoles(pathOf(from), part)
        const copied = await stat(part)
        if (copied.size > length) await truncate(part, length)
        await truncate(part, size)
        await rename(part, pathOf(file))
      } catch (error) {
        await rm(part, { force: true })
        throw cannotHold(size, error)
      }
      return file
    },
    /** Cut a file to `length` bytes and extend it with zeros to `size`, at once. */
    resize: (file: number, length: number, size: number) => {
      try {
        truncateSync(pathOf(file), length)
        truncateSync(pathOf(file), size)
      } catch (error) {
        throw cannotHold(size, error)
      }
    },
    /** Extend a file with zeros. */
    grow: (file: number, size: number) => {
      try {
        truncateSync(pathOf(file), size)
      } catch (error) {
        throw cannotHold(size, error)
      }
    },
    remove: (file: number) => rmSync(pathOf(file), { force: true }),
    sizeOf: async (file: number): Promise<number> => (await stat(pathOf(file))).size,
    /** Bytes a file really takes. */
    stored: async (file: number): Promise<number> => {
      if (file === 0) return 0
      const { blocks } = await stat(pathOf(file)).catch(() => ({ blocks: 0 }))
      return blocks * 512
    },
  }
}
export type Bytes = Awaited<ReturnType<typeof openBytes>>

const cannotHold = (size: number, error: unknown) =>
  noRoom(`the simulator's file system cannot hold ${size} bytes: ${reasonOf(error)}`)
