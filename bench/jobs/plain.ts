import { execFile } from 'node:child_process'
import { randomBytes, randomFillSync } from 'node:crypto'
import { open, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { password } from './stand.ts'

const run = promisify(execFile)
const MiB = 1024 ** 2

/** A file of data all over, a half of which compresses to a half of itself. */
export const makeDisk = async (file: string, bytes: number): Promise<void> => {
  const piece = Buffer.allocUnsafe(MiB)
  await using handle = await open(file, 'w')
  for (let at = 0; at < bytes; at += piece.length) {
    randomFillSync(piece, 0, MiB / 2)
    piece.write(randomBytes(MiB / 4).toString('hex'), MiB / 2, 'latin1')
    await handle.write(piece)
  }
}

/** Run a line of a shell's, with files as `$1`, `$2`, …, and restic told its password. */
const shell = (line: string, passwordFile: string, ...files: readonly string[]) =>
  run('sh', ['-c', line, 'sh', ...files], { env: { ...process.env, RESTIC_PASSWORD_FILE: passwordFile } })

/** The plain tools, as somebody would call them by hand. */
export const plainTools = async (folder: string) => {
  const passwordFile = `${folder}/password`
  await writeFile(passwordFile, password)
  return {
    init: (repository: string) => shell('restic -q -r "$1" init', passwordFile, repository),
    upload: (device: string, file: string) =>
      run('qemu-img', [
        ...['convert', '-f', 'raw', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd,cluster_size=1M'],
        ...[device, file],
      ]),
    backup: (device: string, repository: string) =>
      shell(
        'restic -q -r "$2" backup --stdin --stdin-filename disk < "$1"',
        passwordFile,
        device,
        repository,
      ),
    restore: (repository: string, file: string) =>
      shell('restic -r "$1" dump latest /disk > "$2"', passwordFile, repository, file),
    /** What the agent does beside: a file is put on the disk, and read for its digest. */
    flush: (file: string) => run('sync', [file]),
    digest: (file: string) => run('sha256sum', [file]),
  }
}
export type PlainTools = Awaited<ReturnType<typeof plainTools>>
