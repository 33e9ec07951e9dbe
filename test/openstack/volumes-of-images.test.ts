import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { type System, startSystem } from '../../local/system.ts'
import { aFolder } from '../support/system.ts'
import { asUser, download, upload } from './as-user.ts'

let folder: Awaited<ReturnType<typeof aFolder>>
let system: System
beforeAll(async () => {
  const { keystoneUrl, password, region } = inject('openstack')
  folder = await aFolder()
  Object.assign(process.env, {
    CINDERLESS_AUTH: 'keystone',
    OS_AUTH_URL: keystoneUrl,
    OS_USERNAME: 'block',
    OS_PASSWORD: password,
    OS_PROJECT_NAME: 'service',
    OS_REGION_NAME: region,
  })
  system = await startSystem({ state: folder.path, port: 0 })
})
afterAll(async () => {
  await system?.close()
  await folder?.[Symbol.asyncDispose]()
})

const callAs = (name: string) => {
  const user = asUser(name)
  const project = inject('openstack').projects[name] ?? ''
  return {
    ...user,
    project,
    call: async (method: string, path: string, body?: object) => {
      const response = await fetch(`${system.url}/v3/${project}${path}`, {
        method,
        headers: {
          'x-auth-token': await user.token(),
          'openstack-api-version': 'volume 3.71',
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
    },
  }
}

const become = (call: ReturnType<typeof callAs>['call'], id: string, status: string) =>
  vi.waitFor(
    async () => {
      const { volume } = (await call('GET', `/volumes/${id}`)).body
      expect(volume.status).toBe(status)
      return volume
    },
    { timeout: 60_000, interval: 200 },
  )

test("a user's image becomes a volume of theirs, and that an image of theirs, with their own token and no setting more", async () => {
  const demo = callAs('demo')
  const content = randomBytes(3 * 1024 ** 2)
  const id = randomUUID()
  const image = { name: 'disk', disk_format: 'raw', container_format: 'bare', os_distro: 'debian' } as const
  await demo.glance.create({ id, ...image, visibility: 'private' })
  await upload(id, await demo.token(), content)

  const created = await demo.call('POST', '/volumes', { volume: { size: 1, imageRef: id } })

  expect(created.status).toBe(202)
  const volume = await become(demo.call, created.body.volume.id, 'available')
  expect(volume).toMatchObject({
    bootable: 'true',
    volume_image_metadata: { image_id: id, os_distro: 'debian', size: String(content.length) },
  })

  const uploaded = await demo.call('POST', `/volumes/${volume.id}/action`, {
    'os-volume_upload_image': { image_name: 'back', disk_format: 'raw', visibility: 'private' },
  })
  const { image_id: back } = uploaded.body['os-volume_upload_image']
  await become(demo.call, volume.id, 'available')
  const made = await demo.glance.show(back)
  expect(made).toMatchObject({
    status: 'active',
    owner: demo.project,
    visibility: 'private',
    os_distro: 'debian',
  })
  const data = await download(back, await demo.token())
  expect(data.subarray(0, content.length).equals(content)).toBe(true)
})

test('an image that only another project may see makes no volume', async () => {
  const demo = callAs('demo')
  const id = randomUUID()
  await demo.glance.create({
    ...{ id, name: 'theirs', disk_format: 'raw', container_format: 'bare', visibility: 'private' },
  })
  await upload(id, await demo.token(), randomBytes(1024))

  const refused = await callAs('alt').call('POST', '/volumes', { volume: { size: 1, imageRef: id } })

  expect([refused.status, refused.body.badRequest?.message]).toEqual([400, expect.stringContaining(id)])
})

test('an image that a user may not make public is refused before the volume is taken', async () => {
  const demo = callAs('demo')
  const { id } = (await demo.call('POST', '/volumes', { volume: { size: 1 } })).body.volume

  const refused = await demo.call('POST', `/volumes/${id}/action`, {
    'os-volume_upload_image': { image_name: 'for all', disk_format: 'raw', visibility: 'public' },
  })

  expect(refused.status).toBe(400)
  expect((await demo.call('GET', `/volumes/${id}`)).body.volume.status).toBe('available')
})
