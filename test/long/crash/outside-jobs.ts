import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { contentOf, digestOfFile } from './bytes.ts'
import type { CrashJob } from './job.ts'
import { bucket, type Outside } from './outside.ts'
import type { Place } from './place.ts'
import {
  fillWithNoise,
  makeVolume,
  noise,
  noiseDigest,
  noisyDigest,
  removeVolume,
  sha512,
} from './volumes.ts'

const run = promisify(execFile)

export const outsideOf = ({ outside }: Place): Outside => {
  if (outside === undefined) throw new Error('there is nothing outside of this place')
  return outside
}

const imageId = '2b7c9d1e-5a64-4f0e-8f0b-6b8f3a2d1c00'
export const object = 'noise.raw'

const prepared = async (place: Place, id: string) => {
  await makeVolume(place, id)
  await fillWithNoise(place, { id })
}

const onto = (id: string, source: object) => ({
  volume: { id },
  image: { source, ...(!('imageId' in source) && { format: 'raw' }) },
})

/** What the disk in an image's file is. */
const diskIn = async (place: Place, data: Buffer): Promise<string> => {
  const folder = await mkdtemp(join(place.images, 'look-'))
  const [file, raw] = [join(folder, 'disk.qcow2'), join(folder, 'disk.raw')]
  try {
    await writeFile(file, data)
    await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', file, raw])
    return await digestOfFile(raw)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** An image in Glance or in a bucket, either way. */
export const outsideJobs: readonly CrashJob[] = [
  {
    name: 'copy-image-to-volume-from-glance',
    kind: 'copy-image-to-volume',
    what: 'a 64 MiB image of Glance onto a volume of 1 GiB that was used before',
    onHost: true,
    moves: true,
    outside: true,
    once: async (place) => {
      const image = { id: imageId, name: 'noise', status: 'active', disk_format: 'raw' }
      outsideOf(place).glance.put(image, noise)
    },
    prepare: async (place, id) => {
      await makeVolume(place, id)
      return onto(id, { kind: 'glance', store: 'glance', imageId })
    },
    check: async (place, id) => expect(await contentOf(place, { id })).toBe(noiseDigest),
    clean: (place, id) => removeVolume(place, id),
  },
  {
    name: 'copy-image-to-volume-from-s3',
    kind: 'copy-image-to-volume',
    what: 'a 64 MiB image of a bucket onto a volume of 1 GiB that was used before',
    onHost: true,
    moves: true,
    outside: true,
    once: async (place) => void outsideOf(place).s3.store.putObject(bucket, object, noise),
    prepare: async (place, id) => {
      await makeVolume(place, id)
      return onto(id, { kind: 's3', store: 'bucket', key: object, sha512 })
    },
    check: async (place, id) => expect(await contentOf(place, { id })).toBe(noiseDigest),
    clean: (place, id) => removeVolume(place, id),
  },
  {
    name: 'copy-volume-to-image-to-glance',
    kind: 'copy-volume-to-image',
    what: 'a volume of 1 GiB, with 68 MiB on it, as an image that is made in Glance',
    onHost: true,
    moves: true,
    outside: true,
    prepare: async (place, id) => {
      await prepared(place, id)
      const destination = { kind: 'glance', store: 'glance', name: id, protected: true }
      return { volume: { id }, image: { destination } }
    },
    check: async (place, _, { result }) => {
      const made = outsideOf(place).glance.images.get(result?.image.destination.imageId)
      expect(made?.image).toMatchObject({ status: 'active', os_hash_value: result?.image.sha512 })
      expect(await diskIn(place, made!.data!)).toBe(noisyDigest)
    },
    clean: async (place, id, { result }) => {
      await removeVolume(place, id)
      outsideOf(place).glance.images.delete(result?.image?.destination.imageId)
    },
  },
  {
    name: 'copy-volume-to-image-to-s3',
    kind: 'copy-volume-to-image',
    what: 'a volume of 1 GiB, with 68 MiB on it, as a qcow2 image in a bucket',
    onHost: true,
    moves: true,
    outside: true,
    prepare: async (place, id) => {
      await prepared(place, id)
      return { volume: { id }, image: { destination: { kind: 's3', store: 'bucket', key: `${id}.qcow2` } } }
    },
    check: async (place, id, { result }) => {
      const { body } = outsideOf(place).s3.store.getObject(bucket, `${id}.qcow2`)
      expect(result?.image.sizeBytes).toBe(body.length)
      expect(await diskIn(place, body)).toBe(noisyDigest)
    },
    clean: async (place, id) => {
      await removeVolume(place, id)
      outsideOf(place).s3.store.deleteObject(bucket, `${id}.qcow2`)
    },
  },
  {
    name: 'migrate-volume-out-of-the-location',
    kind: 'migrate-volume',
    what: 'a volume of 1 GiB, with 68 MiB on it, to another location, copied by a host',
    onHost: true,
    moves: true,
    alone: true,
    outside: true,
    prepare: async (place, id) => {
      await prepared(place, id)
      return { volume: { id }, to_host: 'any@east#pool' }
    },
    check: async (place, id, { result }) => {
      const there = { id, host: result?.host, provider_location: result?.provider_location }
      expect(await contentOf(place, there)).toBe(noisyDigest)
    },
    clean: async (place, id, { result }) => {
      const volume = { id, host: result?.host, provider_location: result?.provider_location }
      await place.drive('delete_volume', { volume })
    },
  },
]
