import { execFileSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { imageId } from '../../lib/ids.ts'
import { imageMetadata } from '../../lib/jobs/copy-image-to-volume/image-metadata.ts'
import { cancelledAt, ended, queued, run, type System } from '../jobs/cluster-jobs.ts'
import { bytesOf, bytesOn, filled, nothingLeft } from '../jobs/host-jobs.ts'
import { startJobs } from '../support/jobs.ts'
import { asUser, download, upload } from './as-user.ts'

const content = randomBytes(5 * 1024 ** 2)

let system: System
beforeAll(async () => {
  const { glanceUrl, keystoneUrl, password, region } = inject('openstack')
  system = await startJobs({
    stores: { glance: { kind: 'glance', endpoint: glanceUrl } },
    environment: {
      OS_AUTH_URL: keystoneUrl,
      OS_USERNAME: 'block',
      OS_PASSWORD: password,
      OS_PROJECT_NAME: 'service',
      OS_REGION_NAME: region,
    },
  })
})
afterAll(() => system?.[Symbol.asyncDispose]())

const copied = (id: string, imageId: string, more: object = {}) => ({
  volume: { id },
  image: { source: { kind: 'glance', store: 'glance', imageId }, ...more },
  host: 'host-1',
})

const nothingHeld = async () => {
  const { attachments, snapshots } = system.cluster.simulator
  expect(attachments).toEqual([])
  await vi.waitFor(() => expect([...snapshots.keys()]).toEqual([]))
}

const anImage = async (properties: object = {}, data: Buffer | undefined = content) => {
  const { glance, token } = asUser('demo')
  const id = randomUUID()
  await glance.create({ id, name: 'disk', disk_format: 'raw', container_format: 'bare', ...properties })
  if (data.length > 0) await upload(id, await token(), data)
  return id
}

test("a project's image becomes a volume that remembers it, and the volume another image", async () => {
  await system.invoke('create_volume', { volume: { id: 'from-glance', size: 1 } })
  const imageId = await anImage({ os_distro: 'debian', min_disk: 1 })

  const record = await run(system, 'copy-image-to-volume', copied('from-glance', imageId))

  expect(record).toMatchObject({
    status: 'succeeded',
    doneBytes: content.length,
    result: {
      bootable: true,
      volume_image_metadata: {
        image_id: imageId,
        image_name: 'disk',
        os_distro: 'debian',
        min_disk: '1',
        size: String(content.length),
      },
    },
  })
  expect((await bytesOn(system, 'from-glance', content.length)).equals(content)).toBe(true)

  const { glance } = asUser('demo')
  const { id } = await glance.create({ name: 'back', disk_format: 'qcow2', container_format: 'bare' })
  const back = await run(system, 'copy-volume-to-image', {
    volume: { id: 'from-glance' },
    image: { destination: { kind: 'glance', store: 'glance', imageId: id } },
    host: 'host-1',
  })
  expect(back).toMatchObject({ status: 'succeeded' })
  expect(await glance.show(id)).toMatchObject({
    status: 'active',
    os_hash_value: (back.result as any).image.sha512,
    size: (back.result as any).image.sizeBytes,
  })

  const file = join(system.shelf, 'back')
  await writeFile(`${file}.qcow2`, await download(id, await asUser('demo').token()))
  execFileSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', `${file}.qcow2`, `${file}.raw`])
  expect((await bytesOf(`${file}.raw`, content.length)).equals(content)).toBe(true)
  await nothingLeft(system, ['from-glance'])
})

test.each([
  ['is not there', () => Promise.resolve(randomUUID()), {}, 'InvalidInput'],
  ['has no data yet', () => anImage({}, Buffer.alloc(0)), {}, 'Conflict'],
  ['needs a larger volume', () => anImage({ min_disk: 2 }), {}, 'InvalidInput'],
])('an image that %s fails the job before anything is attached', async (_, make, more, name) => {
  const id = `none-${randomUUID()}`
  await system.invoke('create_volume', { volume: { id, size: 1 } })

  const record = await run(system, 'copy-image-to-volume', copied(id, await make(), more))

  expect(record).toMatchObject({ status: 'failed', error: { name, step: 'check the image' } })
  expect(record.steps.map(({ name: step }) => step)).toEqual(['check the image'])
  expect(system.cluster.simulator.attachments).toEqual([])
})

test('an image that is another than it was asked for is not copied', async () => {
  const id = `other-${randomUUID()}`
  await system.invoke('create_volume', { volume: { id, size: 1 } })

  const record = await run(system, 'copy-image-to-volume', copied(id, await anImage(), { format: 'qcow2' }))

  expect(record).toMatchObject({ status: 'failed', error: { name: 'InvalidInput', step: 'start copy' } })
  expect(record.error?.message).toContain('raw, not qcow2')
  expect(system.cluster.simulator.attachments).toEqual([])
})

const uploaded = (destination: object) => ({
  volume: { id: 'for-glance' },
  image: { destination: { kind: 'glance', store: 'glance', ...destination } },
  host: 'host-1',
})

describe('an image that the job makes', () => {
  beforeAll(() => filled(system, 'for-glance'))

  test("belongs to the project that is named, as it was asked for, and that project's user reads it", async () => {
    const owner = inject('openstack').projects.demo
    const asked = { name: 'of a volume', visibility: 'private', protected: true, min_disk: 1, owner }
    const document = await queued(
      system,
      'copy-volume-to-image',
      uploaded({ ...asked, properties: { os_distro: 'debian' } }),
    )

    const record = await ended(system, document)

    const { sha512, sizeBytes, destination } = (record.result as any).image
    const { glance, token } = asUser('demo')
    const image = await glance.show(destination.imageId)
    expect(image).toMatchObject({ ...asked, os_distro: 'debian', status: 'active', disk_format: 'qcow2' })
    expect(image).toMatchObject({ size: sizeBytes, os_hash_value: sha512 })
    expect(await download(image.id, await token())).toHaveLength(sizeBytes)
    // A volume made of it remembers no job.
    expect(Object.keys(imageMetadata(image))).not.toContain('cinderless_job')
    await nothingHeld()
  })

  test('is gone when the job is cancelled while it gets its data, also a protected one', async () => {
    const document = await queued(
      system,
      'copy-volume-to-image',
      uploaded({ name: 'never', protected: true }),
    )

    const record = await cancelledAt(system, document, 'start upload')

    expect(record).toMatchObject({ status: 'cancelled' })
    const service = asUser('block', 'service').glance
    await expect(service.show(imageId(document.id))).rejects.toMatchObject({ status: 404 })
    await nothingHeld()
  })

  test('is not made where Glance does not let us', async () => {
    const record = await run(
      system,
      'copy-volume-to-image',
      uploaded({ name: 'odd', properties: { self: 'x' } }),
    )

    expect(record).toMatchObject({ status: 'failed', error: { step: 'make the image', name: 'Forbidden' } })
    await nothingHeld()
  })
})

test.each([
  ['goes', { removeUnfinished: true }],
  ['stays', {}],
])('an image that was made beforehand %s where it gets no data', async (what, more) => {
  const { glance } = asUser('demo')
  const { id } = await glance.create({ name: 'before', disk_format: 'raw', container_format: 'bare' })

  const record = await run(system, 'copy-volume-to-image', uploaded({ imageId: id, ...more }))

  expect(record).toMatchObject({ status: 'failed', error: { step: 'upload' } })
  await (what === 'goes'
    ? expect(glance.show(id)).rejects.toMatchObject({ status: 404 })
    : expect(glance.show(id)).resolves.toMatchObject({ status: 'queued' }))
})
