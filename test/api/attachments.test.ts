import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type As, type BlockStorageSystem, startBlockStorage } from '../support/block-storage.ts'

let storage: BlockStorageSystem
beforeAll(async () => {
  storage = await startBlockStorage()
})
afterAll(() => storage?.[Symbol.asyncDispose]())

const newest: As = { version: 71 }
const connector = (host = 'host-1', more: object = {}) => ({ host, ip: '127.0.0.1', ...more })

const create = (volume: string, more: object = {}, as: As = newest) =>
  storage.call('POST', '/attachments', { attachment: { volume_uuid: volume, ...more } }, as)
const connect = (id: string, host = 'host-1', more: object = {}) =>
  storage.call('PUT', `/attachments/${id}`, { attachment: { connector: connector(host, more) } }, newest)
const complete = (id: string, as: As = newest) =>
  storage.call('POST', `/attachments/${id}/action`, { 'os-complete': null }, as)
const show = (id: string, as: As = newest) => storage.call('GET', `/attachments/${id}`, undefined, as)
const remove = (id: string) => storage.call('DELETE', `/attachments/${id}`, undefined, newest)
const statusOf = async (id: string) => (await storage.show('volume', id, newest)).status

/** Client and rights of everybody who has the volume, as StorPool sees it. */
const holders = async (id: string) => {
  const { provider_id } = await storage.show('volume', id, newest)
  return storage.cluster.simulator.attachments
    .filter(({ globalId }) => globalId === provider_id)
    .map(({ client, rights }) => `${client} ${rights}`)
    .sort()
}

const multiattach = async () => {
  const { body } = await storage.call('POST', '/types', {
    volume_type: { name: randomUUID(), extra_specs: { multiattach: '<is> True' } },
  })
  return body.volume_type.id
}

test('a volume is reserved, connected, completed and ended, and StorPool follows', async () => {
  const { id } = await storage.aVolume()
  const instance = randomUUID()

  const made = await create(id, { instance_uuid: instance })
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
  expect(await statusOf(id)).toBe('reserved')
  expect(await holders(id)).toEqual([])

  const connected = await connect(attachment.id, 'host-2', { mountpoint: '/dev/vdb' })
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
  expect(await statusOf(id)).toBe('attaching')
  expect(await holders(id)).toEqual(['2 rw'])

  expect(await complete(attachment.id)).toMatchObject({ status: 204, body: undefined })
  const volume = await storage.show('volume', id, newest)
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
  expect((await show(attachment.id)).body.attachment).toMatchObject({
    status: 'attached',
    attached_at: volume.attachments[0].attached_at,
  })

  expect(await remove(attachment.id)).toMatchObject({ status: 200, body: { attachments: [] } })
  expect(await statusOf(id)).toBe('available')
  expect(await holders(id)).toEqual([])
  expect((await show(attachment.id)).status).toBe(404)
  expect((await remove(attachment.id)).status).toBe(404)
})

test('with a connector it is reserved and connected in one call', async () => {
  const { id } = await storage.aVolume()

  const { body } = await create(id, { connector: connector() })

  expect(body.attachment).toMatchObject({ status: 'attaching', connection_info: { client_id: 1 } })
  expect(await statusOf(id)).toBe('attaching')
  expect(await holders(id)).toEqual(['1 rw'])
})

test('only one of those that want a volume at once gets it', async () => {
  const { id } = await storage.aVolume()

  const answers = await Promise.all([
    ...Array.from({ length: 4 }, () => create(id, { instance_uuid: randomUUID() })),
    ...Array.from({ length: 4 }, () => create(id, { connector: connector() })),
  ])

  expect(answers.map(({ status }) => status).sort((one, other) => (one ?? 0) - (other ?? 0))).toEqual([
    200,
    ...Array(7).fill(400),
  ])
  expect(answers.find(({ status }) => status === 400)?.body.badRequest.message).toContain('to reserve')
  const listed = await storage.call('GET', `/attachments?volume_id=${id}`, undefined, newest)
  expect(listed.body.attachments).toHaveLength(1)
})

test('of two hosts that connect one attachment at once, one does', async () => {
  const { id } = await storage.aVolume()
  const { attachment } = (await create(id)).body

  const answers = await Promise.all([connect(attachment.id, 'host-1'), connect(attachment.id, 'host-2')])

  expect(answers.map(({ status }) => status).sort((one, other) => (one ?? 0) - (other ?? 0))).toEqual([
    200, 409,
  ])
  const [winner] = await holders(id)
  expect(answers[winner === '1 rw' ? 0 : 1]?.status).toBe(200)
  expect(await holders(id)).toHaveLength(1)
})

test('of those that end an attachment at once, one does', async () => {
  const { id } = await storage.aVolume()
  const { attachment } = (await create(id, { connector: connector() })).body

  const answers = await Promise.all(Array.from({ length: 4 }, () => remove(attachment.id)))

  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status !== 200 && status !== 404 && status !== 409)).toEqual([])
  expect(await statusOf(id)).toBe('available')
  expect(await holders(id)).toEqual([])
})

test('asked for again by the same host, a connection is the same', async () => {
  const { id } = await storage.aVolume()
  const { attachment } = (await create(id)).body
  const first = await connect(attachment.id)

  const again = await connect(attachment.id)

  expect(again).toMatchObject({ status: 200, body: first.body })
  expect((await connect(attachment.id, 'host-2')).status).toBe(409)
  expect(await holders(id)).toEqual(['1 rw'])
})

test('an instance has a second attachment while it moves to another host', async () => {
  const { id } = await storage.aVolume()
  const instance = randomUUID()
  const { attachment: old } = (await create(id, { instance_uuid: instance, connector: connector('host-1') }))
    .body
  await complete(old.id)

  expect((await create(id, { instance_uuid: randomUUID() })).status).toBe(400)
  expect((await create(id)).status).toBe(400)
  const { status, body } = await create(id, { instance_uuid: instance })
  expect(status).toBe(200)
  expect(await statusOf(id)).toBe('in-use')
  const next = body.attachment
  expect((await connect(next.id, 'host-2')).status).toBe(200)
  expect(await holders(id)).toEqual(['1 rw', '2 rw'])
  await complete(next.id)

  const left = await remove(old.id)

  expect(left.body).toEqual({
    attachments: [{ id: next.id, status: 'attached', instance, volume_id: id }],
  })
  expect(await statusOf(id)).toBe('in-use')
  expect(await holders(id)).toEqual(['2 rw'])
})

test('a volume of a type that says multiattach is had by several, one after the other', async () => {
  const { id } = await storage.aVolume({ volume_type: await multiattach() })
  const ids: string[] = []
  for (const host of ['host-1', 'host-2']) {
    const { body } = await create(id, { instance_uuid: randomUUID() })
    expect(await statusOf(id)).toBe('reserved')
    await connect(body.attachment.id, host)
    await complete(body.attachment.id)
    ids.push(body.attachment.id)
  }
  expect(await holders(id)).toEqual(['1 rw', '2 rw'])
  expect((await storage.show('volume', id, newest)).attachments).toHaveLength(2)

  await remove(ids[0] ?? '')
  expect(await statusOf(id)).toBe('in-use')
  expect(await holders(id)).toEqual(['2 rw'])
  await remove(ids[1] ?? '')
  expect(await statusOf(id)).toBe('available')
})

test.each([
  [
    'a read-only volume',
    async (id: string) => storage.act(id, { 'os-update_readonly_flag': { readonly: true } }),
    {},
  ],
  ['the mode asked for', async () => undefined, { mode: 'ro' }],
  ['a connector that says so', async () => undefined, { connector: connector('host-1', { mode: 'ro' }) }],
])('%s is attached for reading only', async (_, prepare, asked) => {
  const { id } = await storage.aVolume()
  await prepare(id)

  const { body } = await create(id, { connector: connector(), ...asked })

  expect(body.attachment).toMatchObject({ attach_mode: 'ro', connection_info: { access_mode: 'ro' } })
  expect(await holders(id)).toEqual(['1 ro'])
})

test.each([
  ['a host nobody knows', { connector: { host: 'nowhere-7' } }, 400, 'host nowhere-7 is not known'],
  ['no host', { connector: { ip: '127.0.0.1' } }, 400, "Connector doesn't have required information: host"],
  ['another key', { volume: 'x' }, 400, 'Additional properties are not allowed'],
  ['an instance that is no uuid', { instance_uuid: 'me' }, 400, 'instance_uuid'],
  ['a mode there is not', { mode: 'wo' }, 400, 'mode'],
])('%s is refused, and nothing has changed', async (_, asked, status, message) => {
  const { id } = await storage.aVolume()

  const refused = await create(id, asked)

  expect(refused.status).toBe(status)
  expect(refused.body.badRequest.message).toContain(message)
  expect(await statusOf(id)).toBe('available')
  expect(
    (await storage.call('GET', `/attachments?volume_id=${id}`, undefined, newest)).body.attachments,
  ).toEqual([])
})

test('a volume with an error, and one that is not there, are attached to nobody', async () => {
  const { id } = await storage.aVolume()
  await storage.act(id, { 'os-reset_status': { status: 'error' } })

  expect(await create(id)).toMatchObject({
    status: 400,
    body: { badRequest: { message: expect.stringContaining('error state') } },
  })
  expect((await create(randomUUID())).status).toBe(404)
  expect((await connect(randomUUID())).status).toBe(404)
  expect((await complete(randomUUID())).status).toBe(404)
})

test('where StorPool does not attach, the attachment is what it was', async () => {
  const { id } = await storage.aVolume()
  const { attachment } = (await create(id)).body
  const refuse = {
    match: 'VolumesReassignWait',
    kind: 'error',
    name: 'busy',
    descr: 'somebody is here',
    status: 409,
  } as const
  storage.cluster.simulator.fault(refuse)

  expect((await connect(attachment.id)).status).toBe(409)

  expect((await show(attachment.id)).body.attachment).toMatchObject({
    status: 'reserved',
    connection_info: {},
  })
  expect(await statusOf(id)).toBe('reserved')
  await remove(attachment.id)
  storage.cluster.simulator.fault(refuse)
  expect((await create(id, { connector: connector() })).status).toBe(409)
  expect(await statusOf(id)).toBe('available')
  expect(await holders(id)).toEqual([])
})

test('where StorPool does not detach, the attachment stays', async () => {
  const { id } = await storage.aVolume()
  const { attachment } = (await create(id, { connector: connector() })).body
  await complete(attachment.id)
  storage.cluster.simulator.fault({
    match: 'VolumesReassignWait',
    kind: 'error',
    name: 'busy',
    descr: 'open',
    status: 409,
  })

  expect((await remove(attachment.id)).status).toBe(409)

  expect(await statusOf(id)).toBe('in-use')
  expect(await holders(id)).toEqual(['1 rw'])
  expect((await remove(attachment.id)).status).toBe(200)
})

test('attachments are there from 3.27, completed from 3.44, and have a mode of their own from 3.54', async () => {
  const { id } = await storage.aVolume()
  expect((await create(id, {}, { version: 26 })).status).toBe(404)
  expect((await create(id, { mode: 'ro' }, { version: 53 })).status).toBe(400)
  const { attachment } = (await create(id, {}, { version: 27 })).body
  expect((await complete(attachment.id, { version: 43 })).status).toBe(404)
  const odd = await storage.call('POST', `/attachments/${attachment.id}/action`, { 'os-wave': {} }, newest)
  expect(odd.body.badRequest.message).toMatch(/^There is no such action: os-wave\./)
  expect((await complete(attachment.id, { version: 44 })).status).toBe(204)
  expect((await complete(attachment.id)).status).toBe(204)
  expect(await statusOf(id)).toBe('in-use')
})

test("lists have a project's own attachments, newest first, page by page", async () => {
  const mine: As = { version: 71, project: 'abc0' }
  const made: string[] = []
  for (let n = 0; n < 3; n++) {
    const { id } = await storage.aVolume({}, mine)
    made.unshift((await create(id, { instance_uuid: randomUUID() }, mine)).body.attachment.id)
  }
  const list = async (query: string, as = mine) =>
    (await storage.call('GET', `/attachments${query}`, undefined, as)).body.attachments.map(
      (one: any) => one.id,
    )

  expect(await list('')).toEqual(made)
  expect(await list('?limit=2')).toEqual(made.slice(0, 2))
  expect(await list(`?limit=2&marker=${made[1]}`)).toEqual(made.slice(2))
  expect(await list('?sort=created_at:asc')).toEqual(made.toReversed())
  const { instance, volume_id } = (await show(made[1] ?? '', mine)).body.attachment
  expect(await list(`?instance_id=${instance}`)).toEqual([made[1]])
  expect(await list(`?volume_id=${volume_id}&status=reserved`)).toEqual([made[1]])
  expect(await list('?status=attached')).toEqual([])
  expect(await list('', { ...newest, project: 'def0' })).toEqual([])
  expect(await list('?all_tenants=1&project_id=abc0', { ...newest, project: 'def0' })).toEqual(made)
  const [brief] = (await storage.call('GET', '/attachments', undefined, mine)).body.attachments
  expect(Object.keys(brief).sort()).toEqual(['id', 'instance', 'status', 'volume_id'])
  const [full] = (await storage.call('GET', '/attachments/detail', undefined, mine)).body.attachments
  expect(full).toMatchObject({ connection_info: {}, attach_mode: 'rw' })
  expect((await storage.call('GET', '/attachments?wrong=1', undefined, mine)).status).toBe(400)
})

test('a volume is not deleted while it is attached, nor attached while it is deleted', async () => {
  const { id } = await storage.aVolume()
  const answers = await Promise.all([
    create(id, { connector: connector() }),
    storage.call('DELETE', `/volumes/${id}`),
  ])
  const statuses = answers.map(({ status }) => status)
  if (statuses[1] === 202) expect([400, 404]).toContain(statuses[0])
  else expect(statuses).toEqual([200, 400])
})

test('a call that was cut off is seen to by the next one', async () => {
  const { id } = await storage.aVolume()
  const { attachment } = (await create(id, { connector: connector() })).body
  const records = storage.storage().volumes
  const left = async (change: object) => {
    const volume = await records.get(id)
    const one = volume?.attachments[attachment.id]
    if (!volume || !one) throw new Error('the attachment is there')
    await records.replace({ ...volume, attachments: { [one.id]: { ...one, ...change } } })
  }
  const since = new Date(Date.now() - 60_000).toISOString()

  // Connected on StorPool, and not yet written down: who asked was told nothing.
  await left({ connection: null, work: { id: 'gone', action: 'connect', since, from: 'reserved' } })
  expect(await statusOf(id)).toBe('reserved')
  expect(await holders(id)).toEqual([])

  await connect(attachment.id)
  await complete(attachment.id)
  expect(await holders(id)).toEqual(['1 rw'])
  await left({
    status: 'detaching',
    work: { id: 'gone', action: 'disconnect', since: new Date().toISOString(), from: 'attached' },
  })
  expect((await remove(attachment.id)).status).toBe(409)
  await left({ status: 'detaching', work: { id: 'gone', action: 'disconnect', since, from: 'attached' } })
  expect((await remove(attachment.id)).status).toBe(404)
  expect(await statusOf(id)).toBe('available')
  expect(await holders(id)).toEqual([])
})

test('extending a volume in use goes on while it is attached and detached', async () => {
  const { id } = await storage.aVolume()
  const { attachment } = (await create(id, { connector: connector() })).body
  await complete(attachment.id)

  const [extended, removed] = await Promise.all([
    storage.act(id, { 'os-extend': { new_size: 2 } }, newest),
    remove(attachment.id),
  ])

  expect(removed.status).toBe(200)
  expect([202, 400]).toContain(extended.status)
  expect(await storage.show('volume', id, newest)).toMatchObject({ status: 'available', attachments: [] })
})
