import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import type * as z from 'zod'
import { CannotStart } from './config.ts'

/** A journal longer than this is written anew, with what still counts. */
const longestBytes = 8 * 1024 ** 2

export interface Journal<R> {
  /** Write a record; on the disk when it resolves. */
  append(record: R): Promise<void>
  /** Write a record that may be lost with the host, but not with the process. */
  note(record: R): void
  /** False after a write failed, until one succeeds. */
  readonly writable: boolean
  /** Try again to write after a failure. */
  recover(): Promise<void>
  close(): Promise<void>
}

interface Line {
  readonly text: string
  readonly durable: boolean
  readonly settle: (error?: unknown) => void
}

/**
 * An append-only file of lines `crc32 SP json`. Records must hold absolute values, so that reading one twice
 * changes nothing. A torn last line, as a crash leaves it, is dropped.
 *
 * @param current everything a new file must begin with, asked for when the old one has grown long
 * @throws CannotStart a line within is broken
 */
export const openJournal = async <R>(
  file: string,
  Schema: z.ZodType<R>,
  replay: (record: R) => void,
  current: () => Iterable<R>,
): Promise<Journal<R>> => {
  let size = await load(file, Schema, replay)
  let handle = await open(file, 'a', 0o600)
  await handle.truncate(size)
  await syncFolder(file)

  let pending: Line[] = []
  let writing: Promise<void> | undefined
  let writable = true

  const compact = async () => {
    const lines = [...current()].map(toLine).join('')
    const next = await open(`${file}.new`, 'w', 0o600)
    try {
      await next.writeFile(lines)
      await next.sync()
    } finally {
      await next.close()
    }
    await rename(`${file}.new`, file)
    await syncFolder(file)
    await handle.close()
    handle = await open(file, 'a', 0o600)
    size = Buffer.byteLength(lines)
  }

  const write = async (batch: readonly Line[]) => {
    try {
      // After a failed write the file may end in part of a line, and records are missing: begin anew.
      if (!writable || size > longestBytes) await compact()
      const text = batch.map((line) => line.text).join('')
      await writeAll(handle, text)
      if (batch.some((line) => line.durable)) await handle.datasync()
      size += Buffer.byteLength(text)
      writable = true
      for (const line of batch) line.settle()
    } catch (error) {
      writable = false
      for (const line of batch) line.settle(error)
    }
  }

  const drain = async () => {
    while (pending.length > 0) {
      const batch = pending
      pending = []
      await write(batch)
    }
    writing = undefined
  }

  const push = (text: string, durable: boolean) =>
    new Promise<void>((resolve, reject) => {
      const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error))
      pending.push({ text, durable, settle })
      writing ??= drain()
    })

  return {
    append: (record) => push(toLine(record), true),
    note: (record) => void push(toLine(record), false).catch(() => {}),
    get writable() {
      return writable
    },
    recover: () => push('', true),
    close: async () => {
      await writing
      await handle.close()
    },
  }
}

const toLine = (record: unknown) => {
  const json = JSON.stringify(record)
  return `${checksum(json)} ${json}\n`
}

const checksum = (json: string) => crc32(json).toString(16).padStart(8, '0')

/** Read what is whole, and say how many bytes that is. */
const load = async <R>(file: string, Schema: z.ZodType<R>, replay: (record: R) => void) => {
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new CannotStart(`Cannot read the journal: ${error.message}`)
  })
  const lines = content.split('\n')
  // A whole file ends in a newline, so the last piece is empty, or torn.
  lines.pop()
  let size = 0
  for (const [index, line] of lines.entries()) {
    const record = readLine(line, Schema)
    if (record === undefined) {
      if (index === lines.length - 1) break
      throw new CannotStart(
        `Line ${index + 1} of the journal ${file} is broken: it was changed, or the disk is failing. ` +
          'Look at it; moved away, the agent starts with no memory of its tasks.',
      )
    }
    replay(record)
    size += Buffer.byteLength(line) + 1
  }
  return size
}

const readLine = <R>(line: string, Schema: z.ZodType<R>): R | undefined => {
  const json = line.slice(9)
  if (line.slice(0, 9) !== `${checksum(json)} `) return undefined
  return Schema.safeParse(JSON.parse(json)).data
}

const writeAll = async (handle: FileHandle, text: string) => {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten
}

/** A new name is on the disk only when its folder is. */
const syncFolder = async (file: string) => {
  const folder = await open(dirname(file))
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
