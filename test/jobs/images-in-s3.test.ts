import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startJobs } from '../support/jobs.ts'
import { keys, region, type S3, startS3 } from '../support/s3.ts'
import { queued, run, type System } from './cluster-jobs.ts'
import { bytesOn, filled, nothingLeft } from './host-jobs.ts'

const content = randomBytes(3 * 1024 ** 2)

let folder: string
let s3: S3
let system: System
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cinderless images '))
  s3 = await startS3({ folder, buckets: ['images'] })
  s3.store.putObject('images', 'gold/disk', content)
  const place = { kind: 's3', endpoint: s3.url, region, bucket: 'images' }
  system = await startJobs({
    stores: { gold: { ...place, prefix: 'gold/' }, locked: place },
    secrets: { gold: keys, locked: { ...keys, secretAccessKey: 'wrong-word' } },
  })
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await s3?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const copied = (id: string, source: object) => ({
  volume: { id },
  image: { source: { kind: 's3', ...source }, format: 'raw' },
  host: 'host-1',
})

test('an image of a bucket becomes a volume, which becomes another object of it', async () => {
  await system.invoke('create_volume', { volume: { id: 'from-s3', size: 1 } })
  const sha512 = createHash('sha512').update(content).digest('hex')

  const record = await run(
    system,
    'copy-image-to-volume',
    copied('from-s3', { store: 'gold', key: 'disk', sha512 }),
  )

  expect(record).toMatchObject({ status: 'succeeded', doneBytes: content.length })
  expect((await bytesOn(system, 'from-s3', content.length)).equals(content)).toBe(true)
  expect(JSON.stringify(record)).not.toContain(keys.secretAccessKey)

  const back = await run(system, 'copy-volume-to-image', {
    volume: { id: 'from-s3' },
    image: { destination: { kind: 's3', store: 'gold', key: 'back.qcow2' } },
    host: 'host-1',
  })
  expect(back).toMatchObject({ status: 'succeeded' })
  const { body } = s3.store.getObject('images', 'gold/back.qcow2')
  expect(back.result).toMatchObject({
    image: { sizeBytes: body.length, sha256: createHash('sha256').update(body).digest('hex') },
  })
  await nothingLeft(system, ['from-s3'])
})

test('keys that open nothing end the job in words without them, and the volume is as it was', async () => {
  const before = await filled(system, 'kept')

  const record = await run(
    system,
    'copy-image-to-volume',
    copied('kept', { store: 'locked', key: 'gold/disk' }),
  )

  expect(record).toMatchObject({ status: 'failed', error: { step: 'copy' } })
  expect(JSON.stringify(record)).not.toContain('wrong-word')
  expect((await bytesOn(system, 'kept', before.length)).equals(before)).toBe(true)
  await nothingLeft(system, ['from-s3', 'kept'])
})

test('without a format only an image of Glance can be asked for, and without Keystone none of those', async () => {
  const { format: _, ...image } = copied('kept', { store: 'gold', key: 'disk' }).image
  await expect(queued(system, 'copy-image-to-volume', { ...copied('kept', {}), image })).rejects.toThrow(
    'is needed, but for an image of Glance',
  )

  const source = { kind: 'glance', store: 'gold', imageId: crypto.randomUUID() }
  const record = await run(system, 'copy-image-to-volume', { ...copied('kept', {}), image: { source } })

  expect(record).toMatchObject({
    status: 'failed',
    error: { step: 'check the image', message: expect.stringContaining('OS_AUTH_URL is missing') },
  })
})
