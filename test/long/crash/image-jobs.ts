import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { contentOf, digestOfFile } from './bytes.ts'
import type { CrashJob } from './job.ts'
import {
  fillWithNoise,
  makeVolume,
  noise,
  noiseDigest,
  noisyDigest,
  removeVolume,
  sha256,
} from './volumes.ts'

const run = promisify(execFile)
const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

export const imageJobs: readonly CrashJob[] = [
  {
    name: 'copy-image-to-volume',
    kind: 'copy-image-to-volume',
    what: 'a 64 MiB image onto a volume of 1 GiB that was used before',
    onHost: true,
    moves: true,
    once: (place) => writeFile(join(place.images, 'noise.raw'), noise),
    prepare: async (place, id) => {
      await makeVolume(place, id)
      const image = { source: { kind: 'folder', name: 'noise.raw' }, format: 'raw', sha256 }
      return { volume: { id }, image }
    },
    check: async (place, id) => {
      expect(await contentOf(place, { id })).toBe(noiseDigest)
    },
    clean: (place, id) => removeVolume(place, id),
  },
  {
    name: 'copy-volume-to-image',
    kind: 'copy-volume-to-image',
    what: 'a volume of 1 GiB, with 68 MiB on it, as a qcow2 image in a folder',
    onHost: true,
    moves: true,
    prepare: async (place, id) => {
      await makeVolume(place, id)
      await fillWithNoise(place, { id })
      const destination = { kind: 'folder', store: 'images', name: `${id}.qcow2` }
      return { volume: { id }, image: { destination, format: 'qcow2' } }
    },
    check: async (place, id, { result }) => {
      const [file, raw] = [join(place.images, `${id}.qcow2`), join(place.images, `${id}.raw`)]
      expect((await readdir(place.images)).filter((name) => name.includes(id))).toEqual([`${id}.qcow2`])
      const bytes = await readFile(file)
      const { sizeBytes, sha256: told } = result?.image ?? {}
      expect({ sizeBytes, told }).toEqual({ sizeBytes: bytes.length, told: sha256Of(bytes) })
      await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', file, raw])
      expect(await digestOfFile(raw)).toBe(noisyDigest)
      await rm(raw)
    },
    clean: async (place, id) => {
      await removeVolume(place, id)
      await rm(join(place.images, `${id}.qcow2`), { force: true })
    },
  },
]
