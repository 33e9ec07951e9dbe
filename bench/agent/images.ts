import { execFile } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const MiB = 1024 ** 2

export interface Disk {
  readonly virtualBytes: number
  readonly dataBytes: number
  /** The data lies in so many places, evenly apart. */
  readonly places: number
}

/** Make a qcow2 image with data that does not compress, as qemu-img itself writes one. */
export const makeImage = async (file: string, { virtualBytes, dataBytes, places }: Disk): Promise<void> => {
  const raw = `${file}.raw`
  const piece = Buffer.allocUnsafe(Math.min(8 * MiB, dataBytes / places))
  {
    await using handle = await open(raw, 'w')
    await handle.truncate(virtualBytes)
    for (let place = 0; place < places; place++) {
      const start = Math.floor(((virtualBytes / places) * place) / MiB) * MiB
      for (let at = 0; at < dataBytes / places; at += piece.length)
        await handle.write(randomFillSync(piece), 0, piece.length, start + at)
    }
  }
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, file])
  await rm(raw)
}

/** The commands to copy an image in one piece, nothing beside: what the agent's way is held against. */
export const plainWays: Readonly<Record<string, (image: string, device: string) => string[]>> = {
  outOfOrder: (image, device) => ['-n', '-W', '-m', '8', '-t', 'none', ...between(image, device)],
  inOrder: (image, device) => ['-n', '-t', 'none', ...between(image, device)],
}

const between = (image: string, device: string) => [
  '--image-opts',
  '--target-image-opts',
  `driver=qcow2,file.driver=file,file.filename=${image}`,
  `driver=raw,file.driver=file,file.filename=${device}`,
]

export const convertPlainly = async (way: string, image: string, device: string): Promise<void> => {
  await run('qemu-img', ['convert', ...(plainWays[way]?.(image, device) ?? [])])
}
