import { randomBytes, randomUUID } from 'node:crypto'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type System, startSystem } from '../../local/system.ts'
import { type GlanceServer, startGlance } from '../support/glance.ts'
import { aFolder } from '../support/system.ts'

const project = '0123456789abcdef0123456789abcdef'
const MiB = 1024 ** 2

let glance: GlanceServer
let folder: Awaited<ReturnType<typeof aFolder>>
let system: System
beforeAll(async () => {
  glance = await startGlance()
  folder = await aFolder()
  Object.assign(process.env, glance.environmentAt(glance.url))
  system = await startSystem({ state: folder.path, port: 0 })
})
afterAll(async () => {
  await system?.close()
  await folder?.[Symbol.asyncDispose]()
  await glance?.[Symbol.asyncDispose]()
})

const call = async (method: string, path: string, body?: unknown, version = 71) => {
  const response = await fetch(`${system.url}/v3/${project}${path}`, {
    method,
    headers: {
      'x-auth-token': `somebody:${project}`,
      'openstack-api-version': `volume 3.${version}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

const anImage = (properties: object = {}, data: Buffer = randomBytes(2 * MiB)): string => {
  const id = randomUUID()
  glance.put({ id, name: 'disk', status: 'active', disk_format: 'raw', ...properties }, data)
  return id
}

const create = (imageRef: string, change: object = {}) =>
  call('POST', '/volumes', { volume: { size: 1, imageRef, ...change } })

const become = (id: string, status: string) =>
  vi.waitFor(
    async () => {
      const { volume } = (await call('GET', `/volumes/${id}`)).body
      expect(volume.status).toBe(status)
      return volume
    },
    { timeout: 30_000, interval: 50 },
  )

/** Whether something on the cluster begins with these bytes. */
const isOnCluster = async (data: Buffer): Promise<boolean> => {
  const objects = join(folder.path, 'simulator', 'bytes')
  for (const name of await readdir(objects)) {
    const file = await open(join(objects, name))
    const { buffer } = await file.read(Buffer.alloc(data.length), 0, data.length, 0)
    await file.close()
    if (buffer.equals(data)) return true
  }
  return false
}

const usage = async () => (await call('GET', `/os-quota-sets/${project}?usage=true`)).body.quota_set.volumes

test('a volume is made of an image, and remembers it, and so does an image of the volume', async () => {
  const data = randomBytes(2 * MiB)
  const image = anImage({ os_distro: 'debian', min_disk: 1, min_ram: 64 }, data)

  const created = await create(image, { name: 'boot' })

  expect(created).toMatchObject({
    status: 202,
    body: { volume: { status: 'downloading', bootable: 'false' } },
  })
  const { id } = created.body.volume
  expect(await become(id, 'available')).toMatchObject({
    bootable: 'true',
    volume_image_metadata: { image_id: image, image_name: 'disk', os_distro: 'debian', min_disk: '1' },
  })
  expect(await isOnCluster(data)).toBe(true)
  expect((await usage()).reserved).toBe(0)

  const asked = { image_name: 'back', disk_format: 'qcow2', protected: true }
  const uploaded = await call('POST', `/volumes/${id}/action`, { 'os-volume_upload_image': asked })

  expect(uploaded.status).toBe(202)
  const answer = uploaded.body['os-volume_upload_image']
  expect(answer).toMatchObject({
    ...{ id, status: 'uploading', size: 1, image_name: 'back', visibility: 'private', protected: true },
    ...{ disk_format: 'qcow2', container_format: 'bare', volume_type: { name: '__DEFAULT__' } },
  })
  expect((await call('DELETE', `/volumes/${id}`)).status).toBe(400)
  await become(id, 'available')
  expect(glance.images.get(answer.image_id)?.image).toMatchObject({
    ...{ status: 'active', name: 'back', os_distro: 'debian', min_disk: 1, min_ram: 64 },
  })
  expect(glance.images.get(answer.image_id)?.image.image_id).toBeUndefined()
})

test.each([
  ['that is not there', () => randomUUID(), {}],
  ['of no id', () => 'debian', {}],
  ['that has no data yet', () => anImage({ status: 'queued' }), {}],
  ['that needs a larger volume', () => anImage({ min_disk: 2 }), {}],
  ['that is larger than the volume', () => anImage({ virtual_size: 1025 * MiB }), {}],
  ['without a size', () => anImage(), { size: undefined }],
])('a volume of an image %s is refused, and nothing is counted', async (_, imageRef, change) => {
  const before = await usage()

  const refused = await create(imageRef(), change)

  expect([refused.status, refused.body.badRequest.code]).toEqual([400, 400])
  expect(await usage()).toEqual(before)
})

test('a volume whose image turns out to be another has an error, and a message says which', async () => {
  const image = anImage()
  const kept = glance.images.get(image)!
  kept.image.os_hash_value = 'f'.repeat(128)

  const { id } = (await create(image)).body.volume

  await become(id, 'error')
  const { messages } = (await call('GET', '/messages')).body
  expect(messages[0]).toMatchObject({ resource_uuid: id, message_level: 'ERROR' })
  expect((await usage()).reserved).toBe(0)
  expect((await call('DELETE', `/volumes/${id}`)).status).toBe(202)
})

test('another image is put on a volume that is there', async () => {
  const { id } = (await call('POST', '/volumes', { volume: { size: 1 } })).body.volume
  const data = randomBytes(MiB)
  const reimage = (image_id: string, version = 68) =>
    call('POST', `/volumes/${id}/action`, { 'os-reimage': { image_id } }, version)

  expect((await reimage(anImage(), 67)).status).toBe(404)
  expect((await reimage(anImage({ min_disk: 2 }))).status).toBe(400)
  const image = anImage({}, data)
  expect((await reimage(image)).status).toBe(202)

  expect(await become(id, 'available')).toMatchObject({
    bootable: 'true',
    volume_image_metadata: { image_id: image },
  })
  expect(await isOnCluster(data)).toBe(true)
})

test.each([
  ['in a format that is not written here', { disk_format: 'vmdk' }],
  ['in no format', { disk_format: 'floppy' }],
  ['in a container', { container_format: 'ova' }],
  ['without a name', { image_name: undefined }],
])('an image of a volume %s is refused, and none is made', async (_, change) => {
  const { id } = (await call('POST', '/volumes', { volume: { size: 1 } })).body.volume
  const before = glance.images.size

  const asked = { image_name: 'x', ...change }
  const refused = await call('POST', `/volumes/${id}/action`, { 'os-volume_upload_image': asked })

  expect(refused.status).toBe(400)
  expect(glance.images.size).toBe(before)
  expect((await call('GET', `/volumes/${id}`)).body.volume.status).toBe('available')
})

test('an image that gets no data goes, and the volume is as it was', async () => {
  const { id } = (await call('POST', '/volumes', { volume: { size: 1 } })).body.volume
  glance.meddle((method, path) => (method === 'PUT' && path.endsWith('/file') ? 403 : undefined))

  const uploaded = await call('POST', `/volumes/${id}/action`, {
    'os-volume_upload_image': { image_name: 'never', protected: true },
  })

  const { image_id } = uploaded.body['os-volume_upload_image']
  expect(glance.images.has(image_id)).toBe(true)
  await become(id, 'available')
  expect(glance.images.has(image_id)).toBe(false)
  glance.meddle()
})

/** The job of that kind, once it is asking what is not to be had. */
const isAtWork = (kind: string) =>
  vi.waitFor(
    async () => {
      const { jobs } = (await (await fetch(`${system.url}/jobs?status=running`)).json()) as { jobs: any[] }
      const job = jobs.find((one) => one.kind === kind)
      expect(job?.steps.at(-1).name).toMatch(/^(copy|upload)$/)
      return job.id as string
    },
    { timeout: 20_000, interval: 50 },
  )

test.each([
  ['copy-image-to-volume', 'downloading'],
  ['copy-volume-to-image', 'uploading'],
])(
  'while %s is at work its volume is deleted by force, with nothing left of either',
  async (kind, status) => {
    const before = [await usage(), glance.images.size]
    let made = 0
    glance.meddle((_, path) => (path.endsWith('/file') ? 503 : undefined))
    const { id } =
      status === 'uploading'
        ? (await call('POST', '/volumes', { volume: { size: 1 } })).body.volume
        : (await create(anImage())).body.volume
    if (status === 'downloading') made = 1
    else await call('POST', `/volumes/${id}/action`, { 'os-volume_upload_image': { image_name: 'never' } })
    const job = await isAtWork(kind)
    expect((await call('GET', `/volumes/${id}`)).body.volume.status).toBe(status)

    expect((await call('POST', `/volumes/${id}/action`, { 'os-force_delete': null })).status).toBe(202)

    await vi.waitFor(async () => expect((await call('GET', `/volumes/${id}`)).status).toBe(404), {
      timeout: 20_000,
      interval: 100,
    })
    glance.meddle()
    const record = await (await fetch(`${system.url}/jobs/${job}`)).json()
    expect(record).toMatchObject({ status: 'cancelled' })
    expect([await usage(), glance.images.size - made]).toEqual(before)
  },
)
