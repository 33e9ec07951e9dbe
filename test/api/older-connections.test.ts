import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BlockStorageSystem, newest, startBlockStorage } from '../support/block-storage.ts'

let storage: BlockStorageSystem
beforeAll(async () => {
  storage = await startBlockStorage()
})
afterAll(() => storage?.[Symbol.asyncDispose]())

const connector = { host: 'host-1', ip: '127.0.0.1', initiator: 'iqn.2026-01.test:1' }
const show = (id: string) => storage.show('volume', id, newest)
const statusOf = async (id: string) => (await show(id)).status

const holders = async (id: string) => {
  const { provider_id } = await show(id)
  return storage.cluster.simulator.attachments
    .filter(({ globalId }) => globalId === provider_id)
    .map(({ client, rights }) => `${client} ${rights}`)
    .sort()
}

const attached = { mountpoint: '/dev/vdc', mode: 'rw' }

test('reserve, connect, attach, begin to detach, disconnect, detach: nothing is left', async () => {
  const { id } = await storage.aVolume()
  const instance = randomUUID()

  expect((await storage.act(id, { 'os-reserve': null })).status).toBe(202)
  expect(await statusOf(id)).toBe('attaching')
  const { status, body } = await storage.act(id, { 'os-initialize_connection': { connector } })
  expect(status).toBe(200)
  expect(body).toMatchObject({
    connection_info: {
      driver_volume_type: 'storpool',
      data: { client_id: 1, volume: id, access_mode: 'rw' },
      enforce_multipath: false,
    },
  })
  expect(await holders(id)).toEqual(['1 rw'])
  expect((await storage.act(id, { 'os-attach': { ...attached, instance_uuid: instance } })).status).toBe(202)
  expect(await show(id)).toMatchObject({
    status: 'in-use',
    attachments: [{ server_id: instance, device: '/dev/vdc', id }],
  })
  expect((await storage.act(id, { 'os-begin_detaching': null })).status).toBe(202)
  expect(await statusOf(id)).toBe('detaching')
  expect((await storage.act(id, { 'os-terminate_connection': { connector } })).status).toBe(202)
  expect(await holders(id)).toEqual([])
  expect((await storage.act(id, { 'os-detach': null })).status).toBe(202)
  expect(await show(id)).toMatchObject({ status: 'available', attachments: [] })
  expect((await storage.call('DELETE', `/volumes/${id}`)).status).toBe(202)
})

test('a detach ends a connection that nobody ended', async () => {
  const { id } = await storage.aVolume()
  await storage.act(id, { 'os-initialize_connection': { connector } })
  await storage.act(id, { 'os-attach': { ...attached, host_name: 'host-1' } })
  const [attachment] = (await show(id)).attachments

  expect((await storage.act(id, { 'os-detach': { attachment_id: attachment.attachment_id } })).status).toBe(
    202,
  )

  expect(await holders(id)).toEqual([])
  expect(await statusOf(id)).toBe('available')
})

test('a reserve is undone, and of several at once one gets the volume', async () => {
  const { id } = await storage.aVolume()
  const answers = await Promise.all(Array.from({ length: 4 }, () => storage.act(id, { 'os-reserve': null })))
  expect(answers.map(({ status }) => status).sort((one, other) => (one ?? 0) - (other ?? 0))).toEqual([
    202, 400, 400, 400,
  ])

  expect((await storage.act(id, { 'os-unreserve': null })).status).toBe(202)
  expect(await statusOf(id)).toBe('available')
  expect((await storage.act(id, { 'os-unreserve': null })).status).toBe(202)
  await storage.act(id, { 'os-reserve': null })
  await storage.act(id, { 'os-terminate_connection': { connector } })
  expect(await statusOf(id)).toBe('available')
})

test('detaching is begun and rolled back', async () => {
  const { id } = await storage.aVolume()
  expect((await storage.act(id, { 'os-begin_detaching': null })).status).toBe(400)
  await storage.act(id, { 'os-attach': { ...attached, instance_uuid: randomUUID() } })
  await storage.act(id, { 'os-begin_detaching': null })

  expect((await storage.act(id, { 'os-roll_detaching': null })).status).toBe(202)

  expect(await statusOf(id)).toBe('in-use')
})

test('a volume in use is attached again only for who has it', async () => {
  const { id } = await storage.aVolume()
  const instance_uuid = randomUUID()
  await storage.act(id, { 'os-attach': { ...attached, instance_uuid } })

  expect((await storage.act(id, { 'os-attach': { ...attached, instance_uuid } })).status).toBe(202)
  expect((await storage.act(id, { 'os-attach': { ...attached, instance_uuid: randomUUID() } })).status).toBe(
    400,
  )
  expect((await show(id)).attachments).toHaveLength(1)
})

test('with several attachments one has to be named', async () => {
  const { body } = await storage.call('POST', '/types', {
    volume_type: { name: 'for-several', extra_specs: { multiattach: '<is> True' } },
  })
  const { id } = await storage.aVolume({ volume_type: body.volume_type.id })
  for (const _ of [1, 2]) await storage.act(id, { 'os-attach': { ...attached, instance_uuid: randomUUID() } })
  const [one] = (await show(id)).attachments

  expect((await storage.act(id, { 'os-detach': {} })).body.badRequest.message).toContain(
    'More than one attachment',
  )
  expect((await storage.act(id, { 'os-detach': { attachment_id: one.attachment_id } })).status).toBe(202)
  expect(await statusOf(id)).toBe('in-use')
})

test('a volume for reading only is connected and attached so', async () => {
  const { id } = await storage.aVolume()
  await storage.act(id, { 'os-update_readonly_flag': { readonly: true } })

  const { body } = await storage.act(id, { 'os-initialize_connection': { connector } })
  expect(body.connection_info.data.access_mode).toBe('ro')
  expect(await holders(id)).toEqual(['1 ro'])
  const refused = await storage.act(id, { 'os-attach': { ...attached, instance_uuid: randomUUID() } })
  expect(refused.body.badRequest.message).toContain("Invalid attaching mode 'rw'")
  const read = { ...attached, mode: 'ro', instance_uuid: randomUUID() }
  expect((await storage.act(id, { 'os-attach': read })).status).toBe(202)
})

test.each([
  [{ 'os-initialize_connection': { connector: { host: 'nowhere-7' } } }, 'host nowhere-7 is not known'],
  [{ 'os-initialize_connection': { connector: {} } }, "doesn't have required information: host"],
  [{ 'os-initialize_connection': {} }, 'connector'],
  [{ 'os-attach': { mountpoint: '/dev/vdc' } }, 'Invalid request to attach volume to an invalid target'],
  [{ 'os-attach': { instance_uuid: randomUUID() } }, 'mountpoint'],
  [{ 'os-attach': { mountpoint: '/dev/vdc', instance_uuid: 'me' } }, 'instance_uuid'],
])('%j is refused', async (action, message) => {
  const { id } = await storage.aVolume()

  const { status, body } = await storage.act(id, action)

  expect(status).toBe(400)
  expect(body.badRequest.message).toContain(message)
  expect(await statusOf(id)).toBe('available')
  expect(await holders(id)).toEqual([])
})

test('what an attachment has connected is not ended by the older call', async () => {
  const { id } = await storage.aVolume()
  const asked = { attachment: { volume_uuid: id, connector } }
  const { attachment } = (await storage.call('POST', '/attachments', asked, newest)).body

  expect((await storage.act(id, { 'os-terminate_connection': { connector } })).status).toBe(202)

  expect(await holders(id)).toEqual(['1 rw'])
  expect(await statusOf(id)).toBe('attaching')
  expect((await storage.act(id, { 'os-detach': { attachment_id: attachment.id } })).status).toBe(202)
  expect(await holders(id)).toEqual([])
})

test('an administrator detaches by force', async () => {
  const { id } = await storage.aVolume()
  const asked = { attachment: { volume_uuid: id, connector } }
  const { attachment } = (await storage.call('POST', '/attachments', asked, newest)).body

  const force = { 'os-force_detach': { attachment_id: attachment.id, connector } }
  expect((await storage.act(id, force)).status).toBe(202)

  expect(await holders(id)).toEqual([])
  expect(await statusOf(id)).toBe('available')
})
