import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BlockStorageSystem, project, startBlockStorage } from '../support/block-storage.ts'
import { nameOf } from '../support/makers.ts'

let storage: BlockStorageSystem
beforeAll(async () => {
  storage = await startBlockStorage()
})
afterAll(() => storage?.[Symbol.asyncDispose]())

const onCluster = (id: string) => storage.cluster.simulator.volumes.get(nameOf(id))
const elsewhere = { project: 'f'.repeat(32) }

describe('a volume', () => {
  test('is on the cluster by the time its creation is answered, and gone by the time its deletion is', async () => {
    const before = await storage.usage()

    const { status, body } = await storage.call('POST', '/volumes', {
      volume: { size: 2, name: ' data ', description: 'of mine', metadata: { a: 'b' } },
    })

    expect(status).toBe(202)
    expect(body.volume).toMatchObject({
      status: 'available',
      name: 'data',
      description: 'of mine',
      size: 2,
      metadata: { a: 'b' },
      bootable: 'false',
      volume_type: '__DEFAULT__',
      attachments: [],
    })
    expect(body.volume).not.toHaveProperty('os-vol-tenant-attr:tenant_id')
    const { id } = body.volume
    expect(onCluster(id)?.size).toBe(2 * 1024 ** 3)
    expect((await storage.usage()).gigabytes?.in_use).toBe((before.gigabytes?.in_use ?? 0) + 2)

    expect(await storage.call('DELETE', `/volumes/${id}`)).toMatchObject({ status: 202, body: undefined })

    expect(onCluster(id)).toBeUndefined()
    expect(await storage.usage()).toEqual(before)
    const gone = await storage.call('GET', `/volumes/${id}`)
    expect(gone.body).toEqual({ itemNotFound: { code: 404, message: `Volume ${id} could not be found.` } })
  })

  test('of another volume or a snapshot has its data, its size and its type, or a larger size', async () => {
    const source = await storage.aVolume({ size: 2 })

    const clone = await storage.aVolume({ size: undefined, source_volid: source.id })
    const larger = await storage.aVolume({ size: 3, source_volid: source.id })

    expect(clone).toMatchObject({ status: 'available', size: 2, source_volid: source.id })
    expect(onCluster(larger.id)?.size).toBe(3 * 1024 ** 3)
    const smaller = await storage.call('POST', '/volumes', { volume: { size: 1, source_volid: source.id } })
    expect(smaller.status).toBe(400)
    expect(smaller.body.badRequest.message).toMatch(/cannot be smaller than the original volume size 2GB/)
  })

  test("is nobody else's: another project finds none, and an admin of it sees all of them when asked to", async () => {
    const { id } = await storage.aVolume()

    const listed = await storage.call('GET', '/volumes/detail', undefined, elsewhere)

    expect(listed.body.volumes).toEqual([])
    const all = await storage.call('GET', '/volumes?all_tenants=1', undefined, elsewhere)
    expect(all.body.volumes.map((one: { id: string }) => one.id)).toContain(id)
  })

  test('that cannot be made is there in error, says why in a message, and can be deleted', async () => {
    const type = await storage.call('POST', '/types', {
      volume_type: { name: `nowhere-${randomUUID()}`, extra_specs: { vendor_name: 'somebody else' } },
    })
    const { body } = await storage.call('POST', '/volumes', {
      volume: { size: 1, volume_type: type.body.volume_type.id },
    })

    const { id, status } = await storage.show('volume', body.volume.id)
    const { body: told } = await storage.call('GET', `/messages?resource_uuid=${id}`, undefined, {
      version: 3,
    })

    expect(status).toBe('error')
    expect(told.messages[0].user_message).toMatch(
      /no pool has what type nowhere-.* asks for: vendor_name somebody else/,
    )
    expect((await storage.call('DELETE', `/volumes/${id}`)).status).toBe(202)
  })

  test('of which only the answer was lost is made once', async () => {
    const { simulator } = storage.cluster
    const before = simulator.volumes.size
    simulator.loseAnswer(0)

    const { body } = await storage.call('POST', '/volumes', { volume: { size: 1 } })

    expect(body.volume.status).toBe('available')
    expect(simulator.volumes.size).toBe(before + 1)
  })

  test.each([
    ['size', { size: 0 }, /Invalid input for field\/attribute size. Value: 0/],
    ['size', { size: -1 }, /attribute size. Value: -1/],
    ['size', { size: 'x' }, /attribute size. Value: x/],
    ['size', { size: 1.5 }, /attribute size. Value: 1.5/],
    ['nothing', {}, /size/],
    ['multiattach', { size: 1, multiattach: true }, /multiattach/],
    ['zone', { size: 1, availability_zone: 'mars' }, /Availability zone 'mars' is invalid/],
    ['metadata', { size: 1, metadata: { a: 1 } }, /attribute a. Value: 1/],
    ['name', { size: 1, name: 'x'.repeat(256) }, /name/],
  ])('with a wrong %s is refused, and nothing is made', async (_, volume, message) => {
    const before = storage.cluster.simulator.volumes.size

    const { status, body } = await storage.call('POST', '/volumes', { volume })

    expect(status).toBe(400)
    expect(body.badRequest.message).toMatch(message)
    expect(storage.cluster.simulator.volumes.size).toBe(before)
  })

  test.each([
    ['snapshot_id', 'Snapshot'],
    ['source_volid', 'Volume'],
    ['volume_type', 'Volume type'],
  ])('of a %s that is not there is refused', async (key, what) => {
    const id = randomUUID()
    const { status, body } = await storage.call('POST', '/volumes', { volume: { size: 1, [key]: id } })
    expect(status).toBe(404)
    expect(body.itemNotFound.message).toBe(`${what} ${id} could not be found.`)
  })

  test('takes keys that nobody reads from older clients only', async () => {
    const volume = { size: 1, shiny: true }
    expect((await storage.call('POST', '/volumes', { volume }, { version: 52 })).status).toBe(202)
    expect((await storage.call('POST', '/volumes', { volume }, { version: 53 })).status).toBe(400)
  })

  test('is renamed, and its metadata replaced, merged, and taken key by key', async () => {
    const { id } = await storage.aVolume({ metadata: { a: '1' } })
    const at = `/volumes/${id}/metadata`

    const { body } = await storage.call('PUT', `/volumes/${id}`, {
      volume: { name: 'new', description: null },
    })
    expect(body.volume).toMatchObject({ name: 'new', description: null })
    expect((await storage.call('POST', at, { metadata: { b: '2' } })).body.metadata).toEqual({
      a: '1',
      b: '2',
    })
    expect((await storage.call('PUT', `${at}/b`, { meta: { b: '3' } })).body).toEqual({ meta: { b: '3' } })
    expect((await storage.call('PUT', `${at}/b`, { meta: { c: '3' } })).status).toBe(400)
    expect((await storage.call('GET', `${at}/b`)).body).toEqual({ meta: { b: '3' } })
    expect((await storage.call('DELETE', `${at}/b`)).status).toBe(200)
    expect((await storage.call('DELETE', `${at}/b`)).status).toBe(404)
    expect((await storage.call('PUT', at, { metadata: { z: '' } })).body.metadata).toEqual({ z: '' })
    expect((await storage.show('volume', id)).metadata).toEqual({ z: '' })
  })
})

describe('actions', () => {
  test('a volume grows, on the cluster and in the quota, and never shrinks', async () => {
    const { id } = await storage.aVolume({ size: 1 })
    const before = await storage.usage()

    expect(await storage.act(id, { 'os-extend': { new_size: 4 } })).toMatchObject({
      status: 202,
      body: undefined,
    })

    expect(onCluster(id)?.size).toBe(4 * 1024 ** 3)
    expect(await storage.show('volume', id)).toMatchObject({ size: 4, status: 'available' })
    expect((await storage.usage()).gigabytes?.in_use).toBe((before.gigabytes?.in_use ?? 0) + 3)
    expect((await storage.act(id, { 'os-extend': { new_size: 4 } })).status).toBe(400)
    expect((await storage.act(id, { 'os-extend': { new_size: 0 } })).body.badRequest.message).toMatch(
      /new_size. Value: 0/,
    )
  })

  test('of two who ask at once, one has it and the other is refused', async () => {
    const { id } = await storage.aVolume({ size: 1 })

    const both = await Promise.all([
      storage.act(id, { 'os-extend': { new_size: 2 } }),
      storage.act(id, { 'os-extend': { new_size: 2 } }),
    ])

    expect(both.map(({ status }) => status ?? 0).sort((one, other) => one - other)).toEqual([202, 400])
    expect(onCluster(id)?.size).toBe(2 * 1024 ** 3)
    const usage = await storage.usage()
    expect(usage.gigabytes?.reserved).toBe(0)
  })

  test('bootable, read-only and the properties of an image are kept', async () => {
    const { id } = await storage.aVolume()

    expect((await storage.act(id, { 'os-set_bootable': { bootable: 'yes' } })).status).toBe(200)
    expect((await storage.act(id, { 'os-update_readonly_flag': { readonly: true } })).status).toBe(202)
    await storage.act(id, { 'os-set_image_metadata': { metadata: { os: 'linux', arch: 'x86' } } })
    expect((await storage.act(id, { 'os-unset_image_metadata': { key: 'arch' } })).status).toBe(200)
    expect((await storage.act(id, { 'os-unset_image_metadata': { key: 'arch' } })).status).toBe(404)

    expect(await storage.show('volume', id)).toMatchObject({
      bootable: 'true',
      metadata: { readonly: 'True' },
      volume_image_metadata: { os: 'linux' },
    })
    const clone = await storage.aVolume({ size: undefined, source_volid: id })
    expect(await storage.show('volume', clone.id)).toMatchObject({
      bootable: 'true',
      volume_image_metadata: { os: 'linux' },
    })
  })

  test('one that nobody knows, and two at once, are refused by name', async () => {
    const { id } = await storage.aVolume()
    const { status, body } = await storage.act(id, { 'os-fly': {} })
    expect(status).toBe(400)
    expect(body.badRequest.message).toMatch(/^There is no such action: os-fly\./)
    expect(
      (await storage.act(id, { 'os-extend': { new_size: 2 }, 'os-set_bootable': { bootable: true } })).status,
    ).toBe(400)
    expect((await storage.act(id, { constructor: {} })).status).toBe(400)
  })
})

describe('lists', () => {
  const of = { project: 'abcdef0123456789abcdef0123456789' }
  const ids: string[] = []
  beforeAll(async () => {
    for (const [n, size] of [3, 1, 2, 1, 5].entries()) {
      ids.unshift((await storage.aVolume({ size, name: `v${n}` }, of)).id)
    }
  })
  const list = async (query: string, as: object = {}) => {
    const { status, body } = await storage.call('GET', `/volumes/detail?${query}`, undefined, {
      ...of,
      ...as,
    })
    return { status, body, names: body.volumes?.map(({ name }: { name: string }) => name) }
  }

  test('go page by page through all of them, newest first, by links that clients follow blindly', async () => {
    const seen: string[] = []
    let next: string | undefined = `/volumes?limit=2`
    while (next !== undefined) {
      const { body } = await storage.call('GET', next, undefined, of)
      seen.push(...body.volumes.map(({ id }: { id: string }) => id))
      const href: string | undefined = body.volumes_links?.[0]?.href
      next = href?.slice(href.indexOf(`/volumes?`))
    }
    expect(seen).toEqual(ids)
  })

  test('are sorted, filtered, counted and bounded as asked', async () => {
    expect((await list('sort=size:asc,name:desc')).names).toEqual(['v3', 'v1', 'v2', 'v0', 'v4'])
    expect((await list('sort_key=name&sort_dir=asc')).names).toEqual(['v0', 'v1', 'v2', 'v3', 'v4'])
    expect((await list('name=v2')).names).toEqual(['v2'])
    expect((await list('name~=v', { version: 34 })).names).toHaveLength(5)
    expect((await list('size=1')).names).toEqual(['v3', 'v1'])
    expect((await list('offset=3')).names).toEqual(['v1', 'v0'])
    expect((await list('limit=0')).names).toEqual([])
    expect((await list('limit=1&with_count=true', { version: 45 })).body.count).toBe(5)
    expect((await list('created_at=lt:2020-01-01T00:00:00', { version: 60 })).names).toEqual([])
  })

  test.each([
    ['limit=-1', 400],
    ['limit=x', 400],
    ['offset=-2', 400],
    ['sort=wing:asc', 400],
    ['sort=name:up', 400],
    ['sort=name&sort_key=size', 400],
    [`marker=${randomUUID()}`, 404],
  ])('that cannot be (%s) are refused', async (query, status) => {
    expect((await list(query)).status).toBe(status)
  })

  test('filters that nobody knows are refused from 3.31 on', async () => {
    expect((await list('wings=2', { version: 30 })).status).toBe(200)
    expect((await list('wings=2', { version: 31 })).status).toBe(400)
  })

  test('a summary adds up', async () => {
    const { body } = await storage.call('GET', '/volumes/summary', undefined, { ...of, version: 12 })
    expect(body['volume-summary']).toEqual({ total_count: 5, total_size: 12 })
  })
})

test('what is asked of one project with the token of another is a malformed address', async () => {
  const { status, body } = await storage.call('GET', '/volumes', undefined, {
    project,
    headers: { 'x-auth-token': `somebody:${'a'.repeat(32)}` },
  })
  expect(status).toBe(400)
  expect(body.badRequest.message).toBe('Malformed request url')
})
