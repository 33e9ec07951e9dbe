import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { contentOf } from './bytes.ts'
import type { CrashJob } from './job.ts'
import { makeVolume, noise, noiseDigest, removeVolume, sha256 } from './volumes.ts'

export const imageJobs: readonly CrashJob[] = [
  {
    name: 'copy-image-to-volume',
    kind: 'copy-image-to-volume',
    what: 'a 64 MiB image onto a volume of 1 GiB that was used before',
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
]
