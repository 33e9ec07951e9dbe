import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { inDriversWords } from '../../lib/drivers-words.ts'
import { connectGlance } from '../../lib/glance/client.ts'
import { checkImage } from '../../lib/jobs/copy-image-to-volume/check-image.ts'
import { imageMetadata } from '../../lib/jobs/copy-image-to-volume/image-metadata.ts'
import { asUser, soon, upload } from './as-user.ts'

const MiB = 1024 ** 2
const raw = (name: string) => ({ name, disk_format: 'raw', container_format: 'bare' }) as const
const wordsOf = (running: Promise<unknown>) =>
  running.then(
    () => 'done',
    (error: unknown) => inDriversWords(error).name,
  )

test('an image is made once, gets data, passes the rules, is changed and removed', async () => {
  const { glance, token } = asUser('demo')
  const wanted = { ...raw('whole'), id: randomUUID(), min_disk: 1, hw_disk_bus: 'scsi' }
  const content = randomBytes(3 * MiB)

  const made = await glance.create(wanted)
  expect(made).toMatchObject({ id: wanted.id, status: 'queued', min_disk: 1, hw_disk_bus: 'scsi' })
  expect(await glance.create(wanted), 'asked for again').toEqual(made)
  expect(() => checkImage(made, { id: 'v', sizeGiB: 1 })).toThrow('queued')

  await upload(wanted.id, await token(), content)
  const image = await glance.show(wanted.id)
  const sha512 = createHash('sha512').update(content).digest('hex')
  expect(checkImage(image, { id: 'v', sizeGiB: 1 })).toEqual({
    format: 'raw',
    sizeBytes: content.length,
    sha512,
  })

  const changed = await glance.update(wanted.id, {
    hw_disk_bus: undefined,
    os_distro: 'debian',
    name: 'other',
  })
  expect(imageMetadata(changed)).toEqual({
    image_id: wanted.id,
    image_name: 'other',
    checksum: createHash('md5').update(content).digest('hex'),
    container_format: 'bare',
    disk_format: 'raw',
    min_disk: '1',
    min_ram: '0',
    size: String(content.length),
    os_distro: 'debian',
  })

  await glance.remove(wanted.id)
  await glance.remove(wanted.id)
  expect(await wordsOf(glance.show(wanted.id))).toBe('InvalidInput')
})

test("one project's image is not there for another, and its id is taken all the same", async () => {
  const wanted = { ...raw('mine'), id: randomUUID() }
  await asUser('demo').glance.create(wanted)
  const { glance, token } = asUser('alt')

  expect(await wordsOf(glance.show(wanted.id))).toBe('InvalidInput')
  expect(await wordsOf(glance.create(wanted))).not.toBe('done')
  // The service sees everything, and looks with the caller's eyes where it is asked to.
  const service = asUser('block', 'service').glance
  expect(await service.show(wanted.id)).toMatchObject({ name: 'mine' })
  expect(await wordsOf(service.show(wanted.id, await token()))).toBe('InvalidInput')
  expect(await service.show(wanted.id, await asUser('demo').token())).toMatchObject({ name: 'mine' })
  expect(await wordsOf(service.show(wanted.id, 'no-token-at-all'))).toBe('Unauthenticated')
})

test('a protected image cannot be removed', async () => {
  const { glance } = asUser('demo')
  const { id } = await glance.create({ ...raw('kept'), protected: true })

  expect(await wordsOf(glance.remove(id))).toBe('Forbidden')
  await glance.update(id, { protected: false })
  await glance.remove(id)
})

test('a wrong password, and a region without Glance, are told from an image that is not there', async () => {
  expect(await wordsOf(asUser('demo', 'demo', 'wrong').glance.show(randomUUID()))).toBe('VolumeBackendError')
  const elsewhere = connectGlance({
    authUrl: inject('openstack').keystoneUrl,
    region: 'Elsewhere',
    interface: 'public',
    identity: async () => ({
      username: 'demo',
      password: inject('openstack').password,
      projectName: 'demo',
      userDomain: { id: 'default' },
      projectDomain: { id: 'default' },
    }),
  })
  expect(await wordsOf(elsewhere.within(soon()).show(randomUUID()))).toBe('VolumeBackendError')
})

test('a token that was revoked is replaced without anybody noticing', async () => {
  const options = asUser('demo')
  const { id } = await options.glance.create(raw('again'))
  const token = await options.glance.token()
  await fetch(`${inject('openstack').keystoneUrl}/auth/tokens`, {
    method: 'DELETE',
    headers: { 'x-auth-token': token, 'x-subject-token': token },
  })

  expect(await options.glance.show(id)).toMatchObject({ name: 'again' })
})
