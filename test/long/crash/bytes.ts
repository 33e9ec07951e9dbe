import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Place } from './place.ts'

const run = promisify(execFile)
const MiB = 1024 ** 2
const zeros = Buffer.alloc(MiB)

/** A digest of bytes and where they are. What is zeros adds nothing, so a large device is quickly read. */
const digest = () => {
  const hash = createHash('sha256')
  return {
    add: (at: number, piece: Buffer) => {
      if (piece.equals(zeros.subarray(0, piece.length))) return
      hash.update(`${at}:`).update(piece)
    },
    end: () => hash.digest('hex'),
  }
}

export const digestOfBytes = (...parts: { at: number; bytes: Buffer }[]): string => {
  const sum = digest()
  for (const { at, bytes } of parts)
    for (let done = 0; done < bytes.length; done += MiB) sum.add(at + done, bytes.subarray(done, done + MiB))
  return sum.end()
}

/** Which MiB of a sparse file hold anything. */
const written = async (path: string): Promise<number[]> => {
  const { stdout } = await run('qemu-img', ['map', '--output=json', '-f', 'raw', path])
  const extents: { start: number; length: number; data: boolean }[] = JSON.parse(stdout)
  const found = new Set<number>()
  for (const { start, length, data } of extents) {
    if (!data) continue
    for (let at = start - (start % MiB); at < start + length; at += MiB) found.add(at)
  }
  return [...found].toSorted((a, b) => a - b)
}

export const digestOfFile = async (path: string): Promise<string> => {
  const places = await written(path)
  await using handle = await open(path)
  const sum = digest()
  const chunk = Buffer.alloc(MiB)
  for (const at of places) {
    const { bytesRead } = await handle.read(chunk, 0, MiB, at)
    sum.add(at, chunk.subarray(0, bytesRead))
  }
  return sum.end()
}

/** A volume as the driver knows it. */
export interface Known {
  readonly id: string
  readonly provider_location?: string
}

const connector = { host: 'host-2' }

/** Use a volume as another host would: attached there, and detached again. */
const onOtherHost = async <T>(
  place: Place,
  volume: Known,
  use: (device: string) => Promise<T>,
): Promise<T> => {
  const { data } = await place.drive('initialize_connection', { volume, connector })
  try {
    return await use(join(place.devicesOf(2), 'storpool-byid', data.globalId))
  } finally {
    await place.drive('terminate_connection', { volume, connector })
  }
}

export const contentOf = (place: Place, volume: Known): Promise<string> =>
  onOtherHost(place, volume, digestOfFile)

export const fill = (place: Place, volume: Known, at: number, bytes: Buffer): Promise<void> =>
  onOtherHost(place, volume, async (device) => {
    await using handle = await open(device, 'r+')
    await handle.write(bytes, 0, bytes.length, at)
  })
