import { createHash, randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { imageId } from '../../../lib/ids.ts'
import { cancelledAt, ended, queued, type System } from '../../jobs/cluster-jobs.ts'
import { filled, nothingLeft } from '../../jobs/host-jobs.ts'
import { type GlanceServer, startGlance } from '../../support/glance.ts'
import { startJobs } from '../../support/jobs.ts'

let glance: GlanceServer
let system: System
beforeAll(async () => {
  glance = await startGlance()
  system = await startJobs({
    stores: { glance: { kind: 'glance', endpoint: glance.url } },
    environment: glance.environmentAt(glance.url),
  })
  await filled(system, 'source')
})
afterEach(async () => {
  glance.meddle()
  glance.images.clear()
  await nothingLeft(system, ['source'])
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await glance?.[Symbol.asyncDispose]()
})

const aNew = { name: 'of a volume', visibility: 'private', protected: true, min_disk: 1 }
const upload = (destination: object, more: object = {}) =>
  queued(system, 'copy-volume-to-image', {
    volume: { id: 'source' },
    image: { destination: { kind: 'glance', store: 'glance', ...destination }, ...more },
    host: 'host-1',
  })
const put = (id: string, more: object = {}) =>
  glance.images.set(id, {
    image: { id, name: 'before', disk_format: 'qcow2', min_disk: 0, min_ram: 0, status: 'queued', ...more },
  })
const noData = (method: string) => (method === 'PUT' ? 403 : undefined)

test('without an id the job makes the image, as it was asked for, and names it', async () => {
  const properties = { hw_disk_bus: 'scsi', container_format: 'ova' }
  const document = await upload({ ...aNew, properties })

  const record = await ended(system, document)

  const id = imageId(document.id)
  const { image, data = Buffer.alloc(0) } = glance.images.get(id)!
  expect(record).toMatchObject({
    status: 'succeeded',
    result: {
      image: {
        destination: { kind: 'glance', store: 'glance', imageId: id },
        sizeBytes: data.length,
        sha512: createHash('sha512').update(data).digest('hex'),
      },
    },
  })
  expect(image).toMatchObject({
    ...{ ...aNew, status: 'active', disk_format: 'qcow2', container_format: 'bare' },
    ...{ hw_disk_bus: 'scsi', cinderless_job: document.id },
  })
  expect(glance.images.size).toBe(1)
})

test('an image whose data Glance does not take is gone afterwards, also a protected one', async () => {
  glance.meddle(noData)

  const record = await ended(system, await upload(aNew))

  expect(record).toMatchObject({ status: 'failed', error: { name: 'InvalidInput', step: 'upload' } })
  expect(glance.images.size).toBe(0)
})

test('Glance that cannot for a while is asked again, with the same image', async () => {
  // More than an agent's task waits for.
  let refusals = 5
  glance.meddle((method) => (method === 'PUT' && refusals-- > 0 ? 503 : undefined))

  const record = await ended(system, await upload(aNew))

  expect(record).toMatchObject({ status: 'succeeded', error: null })
  expect(refusals).toBeLessThan(0)
  expect([...glance.images.values()]).toMatchObject([{ image: { status: 'active' } }])
})

test('Glance that never can ends the job after twenty more times, in words that say so', async () => {
  const document = await upload(aNew)
  const { id } = document
  let asked = 0
  glance.meddle((method) => {
    if (method !== 'PUT') return undefined
    asked += 1
    // As if that had been the last but one.
    const task = { host: 'host-1', id: `${id}:upload`, again: 19 }
    if (asked === 1) void system.records.change(id, { task }, ['running'])
    return 503
  })

  const record = await ended(system, document)

  expect(record).toMatchObject({
    status: 'failed',
    error: { name: 'BackendUnavailable', step: 'upload', remedy: expect.stringContaining('destination') },
  })
  expect(record.error?.message).toContain('Glance answered 503')
  // Four times in each of the last two.
  expect(asked).toBe(8)
  expect(glance.images.size).toBe(0)
})

test('an image that cannot be made fails the job before anything is attached', async () => {
  glance.meddle((method, path) => (method === 'POST' && path === '/v2/images' ? 403 : undefined))

  const record = await ended(system, await upload(aNew))

  expect(record).toMatchObject({ status: 'failed', error: { name: 'Forbidden', step: 'make the image' } })
  expect(record.steps.map(({ name }) => name)).not.toContain('attach')
})

test("an image of that id that is somebody else's stays", async () => {
  const document = await upload(aNew)
  put(imageId(document.id), { name: aNew.name })

  const record = await ended(system, document)

  expect(record).toMatchObject({ status: 'failed', error: { name: 'Conflict', step: 'make the image' } })
  expect(glance.images.size).toBe(1)
})

test.each(['make the image', 'start upload'])(
  'cancelled at "%s", there is no image that is not said',
  async (step) => {
    const record = await cancelledAt(system, await upload(aNew), step)

    expect(['cancelled', 'succeeded']).toContain(record.status)
    expect(glance.images.size).toBe(record.result === undefined ? 0 : 1)
  },
)

describe('an image that was there', () => {
  test.each([
    ['goes without data where that is said', { removeUnfinished: true }, {}, 0],
    ['stays with the data it had, whatever is said', { removeUnfinished: true }, { status: 'active' }, 1],
  ])('%s', async (_, said, found, left) => {
    const id = randomUUID()
    put(id, found)
    glance.meddle(noData)

    const record = await ended(system, await upload({ imageId: id, ...said }))

    expect(record).toMatchObject({ status: 'failed' })
    expect(glance.images.size).toBe(left)
  })
})

test.each([
  ['neither an id nor a name', {}, 'is needed for an image that is there'],
  ['both', { imageId: randomUUID(), name: 'x' }, 'not both'],
  ['what an image is made with, and an id', { imageId: randomUUID(), protected: true }, 'must be left out'],
  ['another format than it will have', { name: 'x', disk_format: 'raw' }, 'must be the format'],
  ['a removal of what goes anyway', { name: 'x', removeUnfinished: true }, 'goes in any case'],
])('a document with %s is refused', async (_, destination, words) => {
  await expect(upload(destination)).rejects.toThrow(words)
})
