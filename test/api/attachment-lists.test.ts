import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Attaching, startAttaching } from '../support/attaching.ts'
import { type As, newest } from '../support/block-storage.ts'

let system: Attaching
beforeAll(async () => {
  system = await startAttaching()
})
afterAll(() => system?.[Symbol.asyncDispose]())

test('attachments are there from 3.27, completed from 3.44, and have a mode of their own from 3.54', async () => {
  const { id } = await system.storage.aVolume()
  expect((await system.create(id, {}, { version: 26 })).status).toBe(404)
  expect((await system.create(id, { mode: 'ro' }, { version: 53 })).status).toBe(400)
  const { attachment } = (await system.create(id, {}, { version: 27 })).body
  expect((await system.complete(attachment.id, { version: 43 })).status).toBe(404)
  const odd = await system.storage.call(
    'POST',
    `/attachments/${attachment.id}/action`,
    { 'os-wave': {} },
    newest,
  )
  expect(odd.body.badRequest.message).toMatch(/^There is no such action: os-wave\./)
  expect((await system.complete(attachment.id, { version: 44 })).status).toBe(204)
  expect((await system.complete(attachment.id)).status).toBe(204)
  expect(await system.statusOf(id)).toBe('in-use')
})

test("lists have a project's own attachments, newest first, page by page", async () => {
  const mine: As = { version: 71, project: 'abc0' }
  const made: string[] = []
  for (let n = 0; n < 3; n++) {
    const { id } = await system.storage.aVolume({}, mine)
    made.unshift((await system.create(id, { instance_uuid: randomUUID() }, mine)).body.attachment.id)
  }
  const list = async (query: string, as = mine) =>
    (await system.storage.call('GET', `/attachments${query}`, undefined, as)).body.attachments.map(
      (one: any) => one.id,
    )

  expect(await list('')).toEqual(made)
  expect(await list('?limit=2')).toEqual(made.slice(0, 2))
  expect(await list(`?limit=2&marker=${made[1]}`)).toEqual(made.slice(2))
  expect(await list('?sort=created_at:asc')).toEqual(made.toReversed())
  const { instance, volume_id } = (await system.show(made[1] ?? '', mine)).body.attachment
  expect(await list(`?instance_id=${instance}`)).toEqual([made[1]])
  expect(await list(`?volume_id=${volume_id}&status=reserved`)).toEqual([made[1]])
  expect(await list('?status=attached')).toEqual([])
  expect(await list('', { ...newest, project: 'def0' })).toEqual([])
  expect(await list('?all_tenants=1&project_id=abc0', { ...newest, project: 'def0' })).toEqual(made)
  const [brief] = (await system.storage.call('GET', '/attachments', undefined, mine)).body.attachments
  expect(Object.keys(brief).sort()).toEqual(['id', 'instance', 'status', 'volume_id'])
  const [full] = (await system.storage.call('GET', '/attachments/detail', undefined, mine)).body.attachments
  expect(full).toMatchObject({ connection_info: {}, attach_mode: 'rw' })
  expect((await system.storage.call('GET', '/attachments?wrong=1', undefined, mine)).status).toBe(400)
})
