import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Attaching, connector, startAttaching } from '../support/attaching.ts'
import { newest } from '../support/block-storage.ts'

let system: Attaching
beforeAll(async () => {
  system = await startAttaching()
})
afterAll(() => system?.[Symbol.asyncDispose]())

test('a volume is reserved, connected, completed and ended, and StorPool follows', async () => {
  const { id } = await system.storage.aVolume()
  const instance = randomUUID()

  const made = await system.create(id, { instance_uuid: instance })
  expect(made.status).toBe(200)
  const attachment = made.body.attachment
  expect(attachment).toEqual({
    id: attachment.id,
    status: 'reserved',
    instance,
    volume_id: id,
    attached_at: '',
    detached_at: '',
    attach_mode: 'rw',
    connection_info: {},
  })
  expect(await system.statusOf(id)).toBe('reserved')
  expect(await system.holders(id)).toEqual([])

  const connected = await system.connect(attachment.id, 'host-2', { mountpoint: '/dev/vdb' })
  expect(connected).toMatchObject({
    status: 200,
    body: {
      attachment: {
        status: 'attaching',
        connection_info: {
          driver_volume_type: 'storpool',
          client_id: 2,
          volume: id,
          access_mode: 'rw',
          attachment_id: attachment.id,
          enforce_multipath: false,
        },
      },
    },
  })
  expect(await system.statusOf(id)).toBe('attaching')
  expect(await system.holders(id)).toEqual(['2 rw'])

  expect(await system.complete(attachment.id)).toMatchObject({ status: 204, body: undefined })
  const volume = await system.storage.show('volume', id, newest)
  expect(volume).toMatchObject({
    status: 'in-use',
    attachments: [
      {
        id,
        attachment_id: attachment.id,
        volume_id: id,
        server_id: instance,
        host_name: 'host-2',
        device: '/dev/vdb',
      },
    ],
  })
  expect((await system.show(attachment.id)).body.attachment).toMatchObject({
    status: 'attached',
    attached_at: volume.attachments[0].attached_at,
  })

  expect(await system.remove(attachment.id)).toMatchObject({ status: 200, body: { attachments: [] } })
  expect(await system.statusOf(id)).toBe('available')
  expect(await system.holders(id)).toEqual([])
  expect((await system.show(attachment.id)).status).toBe(404)
  expect((await system.remove(attachment.id)).status).toBe(404)
})

test('with a connector it is reserved and connected in one call', async () => {
  const { id } = await system.storage.aVolume()

  const { body } = await system.create(id, { connector: connector() })

  expect(body.attachment).toMatchObject({ status: 'attaching', connection_info: { client_id: 1 } })
  expect(await system.statusOf(id)).toBe('attaching')
  expect(await system.holders(id)).toEqual(['1 rw'])
})

test.each([
  [
    'a read-only volume',
    async (id: string) => system.storage.act(id, { 'os-update_readonly_flag': { readonly: true } }),
    {},
  ],
  ['the mode asked for', async () => undefined, { mode: 'ro' }],
  ['a connector that says so', async () => undefined, { connector: connector('host-1', { mode: 'ro' }) }],
])('%s is attached for reading only', async (_, prepare, asked) => {
  const { id } = await system.storage.aVolume()
  await prepare(id)

  const { body } = await system.create(id, { connector: connector(), ...asked })

  expect(body.attachment).toMatchObject({ attach_mode: 'ro', connection_info: { access_mode: 'ro' } })
  expect(await system.holders(id)).toEqual(['1 ro'])
})

test.each([
  ['a host nobody knows', { connector: { host: 'nowhere-7' } }, 400, 'host nowhere-7 is not known'],
  ['no host', { connector: { ip: '127.0.0.1' } }, 400, "Connector doesn't have required information: host"],
  ['another key', { volume: 'x' }, 400, 'Additional properties are not allowed'],
  ['an instance that is no uuid', { instance_uuid: 'me' }, 400, 'instance_uuid'],
  ['a mode there is not', { mode: 'wo' }, 400, 'mode'],
])('%s is refused, and nothing has changed', async (_, asked, status, message) => {
  const { id } = await system.storage.aVolume()

  const refused = await system.create(id, asked)

  expect(refused.status).toBe(status)
  expect(refused.body.badRequest.message).toContain(message)
  expect(await system.statusOf(id)).toBe('available')
  expect(
    (await system.storage.call('GET', `/attachments?volume_id=${id}`, undefined, newest)).body.attachments,
  ).toEqual([])
})

test('a volume with an error, and one that is not there, are attached to nobody', async () => {
  const { id } = await system.storage.aVolume()
  await system.storage.act(id, { 'os-reset_status': { status: 'error' } })

  expect(await system.create(id)).toMatchObject({
    status: 400,
    body: { badRequest: { message: expect.stringContaining('error state') } },
  })
  expect((await system.create(randomUUID())).status).toBe(404)
  expect((await system.connect(randomUUID())).status).toBe(404)
  expect((await system.complete(randomUUID())).status).toBe(404)
})

test('where StorPool does not attach, the attachment is what it was', async () => {
  const { id } = await system.storage.aVolume()
  const { attachment } = (await system.create(id)).body
  const refuse = {
    match: 'VolumesReassignWait',
    kind: 'error',
    name: 'busy',
    descr: 'somebody is here',
    status: 409,
  } as const
  system.storage.cluster.simulator.fault(refuse)

  expect((await system.connect(attachment.id)).status).toBe(409)

  expect((await system.show(attachment.id)).body.attachment).toMatchObject({
    status: 'reserved',
    connection_info: {},
  })
  expect(await system.statusOf(id)).toBe('reserved')
  await system.remove(attachment.id)
  system.storage.cluster.simulator.fault(refuse)
  expect((await system.create(id, { connector: connector() })).status).toBe(409)
  expect(await system.statusOf(id)).toBe('available')
  expect(await system.holders(id)).toEqual([])
})

test('where StorPool does not detach, the attachment stays', async () => {
  const { id } = await system.storage.aVolume()
  const { attachment } = (await system.create(id, { connector: connector() })).body
  await system.complete(attachment.id)
  system.storage.cluster.simulator.fault({
    match: 'VolumesReassignWait',
    kind: 'error',
    name: 'busy',
    descr: 'open',
    status: 409,
  })

  expect((await system.remove(attachment.id)).status).toBe(409)

  expect(await system.statusOf(id)).toBe('in-use')
  expect(await system.holders(id)).toEqual(['1 rw'])
  expect((await system.remove(attachment.id)).status).toBe(200)
})

test('a call that was cut off is seen to by the next one', async () => {
  const { id } = await system.storage.aVolume()
  const { attachment } = (await system.create(id, { connector: connector() })).body
  const records = system.storage.storage().volumes
  const left = async (change: object) => {
    const volume = await records.get(id)
    const one = volume?.attachments[attachment.id]
    if (!volume || !one) throw new Error('the attachment is there')
    await records.replace({ ...volume, attachments: { [one.id]: { ...one, ...change } } })
  }
  const since = new Date(Date.now() - 60_000).toISOString()

  // Connected on StorPool, and not yet written down: who asked was told nothing.
  await left({ connection: null, work: { id: 'gone', action: 'connect', since, from: 'reserved' } })
  expect(await system.statusOf(id)).toBe('reserved')
  expect(await system.holders(id)).toEqual([])

  await system.connect(attachment.id)
  await system.complete(attachment.id)
  expect(await system.holders(id)).toEqual(['1 rw'])
  await left({
    status: 'detaching',
    work: { id: 'gone', action: 'disconnect', since: new Date().toISOString(), from: 'attached' },
  })
  expect((await system.remove(attachment.id)).status).toBe(409)
  await left({ status: 'detaching', work: { id: 'gone', action: 'disconnect', since, from: 'attached' } })
  expect((await system.remove(attachment.id)).status).toBe(404)
  expect(await system.statusOf(id)).toBe('available')
  expect(await system.holders(id)).toEqual([])
})
