import { spawn } from 'node:child_process'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageFormat } from '../../../lib/agent/tasks.ts'

/** What the real program says of an image: nothing where it does not open it. */
export interface Info {
  readonly format: string
  readonly 'virtual-size': number
  readonly 'backing-filename'?: string
  readonly 'format-specific'?: { readonly data: { readonly 'data-file'?: string } }
}

/** Pages that are not empty, so that an image of many zeros is written quickly. */
const writeSparse = async (file: string, content: Buffer) => {
  await using handle = await open(file, 'w')
  await handle.truncate(content.length)
  const page = 4096
  const empty = Buffer.alloc(page)
  for (let at = 0; at < content.length; ) {
    let end = at
    while (end < content.length && !content.subarray(end, end + page).equals(empty)) end += page
    if (end > at) await handle.write(content, at, Math.min(end, content.length) - at, at)
    at = end + page
  }
}

/** One shell for many images: what is left of the time is the program itself. Never asked to guess a format. */
const script = `for file in *; do
  echo "=== $file"; qemu-img info --output=json -U -f "\${file##*.}" "$file" 2>/dev/null; done`
const limits = ['--core=0', '--nofile=256', '--as=4294967296', '--cpu=30']

const infos = (folder: string) =>
  new Promise<ReadonlyMap<number, Info>>((resolve, reject) => {
    const child = spawn('prlimit', [...limits, 'sh', '-c', script], {
      cwd: folder,
      env: { PATH: process.env.PATH, LC_ALL: 'C', MALLOC_ARENA_MAX: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    child.once('error', reject)
    child.once('close', () => {
      const found = text.split(/^=== (\d+)\.\w+\n/m).slice(1)
      const said = new Map<number, Info>()
      for (let at = 0; at + 1 < found.length; at += 2) {
        if (found[at + 1]!.trim() !== '') said.set(Number(found[at]), JSON.parse(found[at + 1]!))
      }
      resolve(said)
    })
  })

const batchSize = 100
const batchesAtOnce = 2

/**
 * Asks `qemu-img info` about many images, two processes at a time.
 *
 * @param onInfo called with each image, what was said of it, and the file, which is gone afterwards
 */
export const questions = <T extends { readonly declared: ImageFormat }>(
  folder: string,
  onInfo: (about: T, info: Info | undefined, file: string) => void,
) => {
  let batch: T[] = []
  let number = 0
  const running = new Set<Promise<void>>()
  const folderOf = () => join(folder, `batch-${number}`)
  const ask = () => {
    const [asked, place] = [batch, folderOf()]
    batch = []
    number += 1
    const task = infos(place)
      .then((said) => {
        for (const [index, about] of asked.entries()) {
          onInfo(about, said.get(index), join(place, `${index}.${about.declared}`))
        }
      })
      .then(() => rm(place, { recursive: true }))
      .finally(() => running.delete(task))
    running.add(task)
  }
  return {
    add: async (about: T, content: Buffer) => {
      await mkdir(folderOf(), { recursive: true })
      await writeSparse(join(folderOf(), `${batch.length}.${about.declared}`), content)
      batch.push(about)
      if (batch.length < batchSize) return
      ask()
      if (running.size >= batchesAtOnce) await Promise.race(running)
    },
    end: async () => {
      if (batch.length > 0) ask()
      await Promise.all(running)
    },
  }
}
