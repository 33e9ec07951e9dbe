import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Attaching, connector, startAttaching } from '../support/attaching.ts'
import { newest } from '../support/block-storage.ts'

let system: Attaching
beforeAll(async () => {
  system = await startAttaching()
})
afterAll(() => system?.[Symbol.asyncDispose]())

test('only one of those that want a volume at once gets it', async () => {
  const { id } = await system.storage.aVolume()

  const answers = await Promise.all([
    ...Array.from({ length: 4 }, () => system.create(id, { instance_uuid: randomUUID() })),
    ...Array.from({ length: 4 }, () => system.create(id, { connector: connector() })),
  ])

  expect(answers.map(({ status }) => status).sort((one, other) => (one ?? 0) - (other ?? 0))).toEqual([
    200,
    ...Array(7).fill(400),
  ])
  expect(answers.find(({ status }) => status === 400)?.body.badRequest.message).toContain('to reserve')
  const listed = await system.storage.call('GET', `/attachments?volume_id=${id}`, undefined, newest)
  expect(listed.body.attachments).toHaveLength(1)
})

test('of two hosts that connect one attachment at once, one does', async () => {
  const { id } = await system.storage.aVolume()
  const { attachment } = (await system.create(id)).body

  const answers = await Promise.all([
    system.connect(attachment.id, 'host-1'),
    system.connect(attachment.id, 'host-2'),
  ])

  expect(answers.map(({ status }) => status).sort((one, other) => (one ?? 0) - (other ?? 0))).toEqual([
    200, 409,
  ])
  const [winner] = await system.holders(id)
  expect(answers[winner === '1 rw' ? 0 : 1]?.status).toBe(200)
  expect(await system.holders(id)).toHaveLength(1)
})

test('of those that end an attachment at once, one does', async () => {
  const { id } = await system.storage.aVolume()
  const { attachment } = (await system.create(id, { connector: connector() })).body

  const answers = await Promise.all(Array.from({ length: 4 }, () => system.remove(attachment.id)))

  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status !== 200 && status !== 404 && status !== 409)).toEqual([])
  expect(await system.statusOf(id)).toBe('available')
  expect(await system.holders(id)).toEqual([])
})

test('asked for again by the same host, a connection is the same', async () => {
  const { id } = await system.storage.aVolume()
  const { attachment } = (await system.create(id)).body
  const first = await system.connect(attachment.id)

  const again = await system.connect(attachment.id)

  expect(again).toMatchObject({ status: 200, body: first.body })
  expect((await system.connect(attachment.id, 'host-2')).status).toBe(409)
  expect(await system.holders(id)).toEqual(['1 rw'])
})

test('an instance has a second attachment while it moves to another host', async () => {
  const { id } = await system.storage.aVolume()
  const instance = randomUUID()
  const { attachment: old } = (
    await system.create(id, { instance_uuid: instance, connector: connector('host-1') })
  ).body
  await system.complete(old.id)

  expect((await system.create(id, { instance_uuid: randomUUID() })).status).toBe(400)
  expect((await system.create(id)).status).toBe(400)
  const { status, body } = await system.create(id, { instance_uuid: instance })
  expect(status).toBe(200)
  expect(await system.statusOf(id)).toBe('in-use')
  const next = body.attachment
  expect((await system.connect(next.id, 'host-2')).status).toBe(200)
  expect(await system.holders(id)).toEqual(['1 rw', '2 rw'])
  await system.complete(next.id)

  const left = await system.remove(old.id)

  expect(left.body).toEqual({
    attachments: [{ id: next.id, status: 'attached', instance, volume_id: id }],
  })
  expect(await system.statusOf(id)).toBe('in-use')
  expect(await system.holders(id)).toEqual(['2 rw'])
})

test('a volume of a type that says multiattach is had by several, one after the other', async () => {
  const { id } = await system.storage.aVolume({ volume_type: await system.multiattach() })
  const ids: string[] = []
  for (const host of ['host-1', 'host-2']) {
    const { body } = await system.create(id, { instance_uuid: randomUUID() })
    expect(await system.statusOf(id)).toBe('reserved')
    await system.connect(body.attachment.id, host)
    await system.complete(body.attachment.id)
    ids.push(body.attachment.id)
  }
  expect(await system.holders(id)).toEqual(['1 rw', '2 rw'])
  expect((await system.storage.show('volume', id, newest)).attachments).toHaveLength(2)

  await system.remove(ids[0] ?? '')
  expect(await system.statusOf(id)).toBe('in-use')
  expect(await system.holders(id)).toEqual(['2 rw'])
  await system.remove(ids[1] ?? '')
  expect(await system.statusOf(id)).toBe('available')
})

test('a volume is not deleted while it is attached, nor attached while it is deleted', async () => {
  const { id } = await system.storage.aVolume()
  const answers = await Promise.all([
    system.create(id, { connector: connector() }),
    system.storage.call('DELETE', `/volumes/${id}`),
  ])
  const statuses = answers.map(({ status }) => status)
  if (statuses[1] === 202) expect([400, 404]).toContain(statuses[0])
  else expect(statuses).toEqual([200, 400])
})

test('extending a volume in use goes on while it is attached and detached', async () => {
  const { id } = await system.storage.aVolume()
  const { attachment } = (await system.create(id, { connector: connector() })).body
  await system.complete(attachment.id)

  const [extended, removed] = await Promise.all([
    system.storage.act(id, { 'os-extend': { new_size: 2 } }, newest),
    system.remove(attachment.id),
  ])

  expect(removed.status).toBe(200)
  expect([202, 400]).toContain(extended.status)
  expect(await system.storage.show('volume', id, newest)).toMatchObject({
    status: 'available',
    attachments: [],
  })
})
