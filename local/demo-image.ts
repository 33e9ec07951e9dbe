import { execFile } from 'node:child_process'
import { createCipheriv } from 'node:crypto'
import { mkdir, open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bootSector } from './demo-boot.ts'
import { fat16 } from './demo-fat16.ts'

const run = promisify(execFile)

const MiB = 1024 ** 2
const sector = 512
const disk = { bytes: 512 * MiB, fileSystem: { at: 1 * MiB, bytes: 32 * MiB }, data: { at: 64 * MiB } }
/** Pieces of data with holes between them, so that a copy has something to do and something to leave out. */
const pieces = { count: 48, bytes: 2 * MiB, apart: 9 * MiB }

/** What the disk says on its screen and on its first serial port when a machine boots from it. */
export const greeting = 'Hello from a StorPool volume'

const readme = `${greeting}.\r\n\r\nThis disk was made by Cinderless as an example. It boots on a PC with a BIOS, says one line and halts.\r\n`

/**
 * Make a disk image that boots, as `hello.raw` and `hello.qcow2`, unless they are there. Its content is the same
 * each time: a boot sector, a FAT16 file system with a README.TXT, and about 100 MB of data among holes.
 *
 * @throws when `qemu-img` is missing; the raw form, which does not need it, is there then
 */
export const makeDemoImages = async (folder: string): Promise<{ raw: string; qcow2: string }> => {
  await mkdir(folder, { recursive: true })
  const raw = join(folder, 'hello.raw')
  const qcow2 = join(folder, 'hello.qcow2')
  await unlessThere(raw, writeRaw)
  await unlessThere(qcow2, (file) => convert(raw, file))
  return { raw, qcow2 }
}

const convert = async (raw: string, qcow2: string) => {
  const options = ['-c', '-o', 'compression_type=zstd', '-W', '-m', '4']
  try {
    await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', ...options, raw, qcow2])
  } catch (cause) {
    throw new Error(`${qcow2} could not be made with qemu-img. Where that is missing: npm run setup`, {
      cause,
    })
  }
}

/** Under another name until it is whole, so that one cut off in the middle is never taken for an image. */
const unlessThere = async (file: string, make: (file: string) => Promise<unknown>) => {
  if (await stat(file).catch(() => undefined)) return
  const unfinished = `${file}.${process.pid}`
  await make(unfinished)
  await rename(unfinished, file)
}

const writeRaw = async (file: string) => {
  await using handle = await open(file, 'w')
  await handle.truncate(disk.bytes)
  const { fileSystem, data } = disk
  const partitions = [
    { kind: 0x06, active: true, firstSector: fileSystem.at / sector, sectors: fileSystem.bytes / sector },
    { kind: 0xda, active: false, firstSector: data.at / sector, sectors: (disk.bytes - data.at) / sector },
  ]
  await handle.write(bootSector(greeting, partitions), 0, sector, 0)
  for (const { at, bytes } of fat16(
    fileSystem.bytes,
    fileSystem.at / sector,
    'README  TXT',
    Buffer.from(readme),
  )) {
    await handle.write(bytes, 0, bytes.length, fileSystem.at + at)
  }
  const noise = keystream()
  for (let index = 0; index < pieces.count; index += 1) {
    // Hexadecimal digits: half a byte of chance each, so compression has something to find.
    const piece = Buffer.from(noise(pieces.bytes / 2).toString('hex'), 'latin1')
    await handle.write(piece, 0, piece.length, data.at + index * pieces.apart)
  }
  await handle.sync()
}

/** Bytes that look like chance and are the same each time. */
const keystream = () => {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'cinderless'), Buffer.alloc(16))
  return (length: number) => cipher.update(Buffer.alloc(length))
}
