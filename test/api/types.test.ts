import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BlockStorageSystem, project, startBlockStorage } from '../support/block-storage.ts'

let storage: BlockStorageSystem
beforeAll(async () => {
  storage = await startBlockStorage({}, { templates: ['nvme', 'hdd'] })
})
afterAll(() => storage?.[Symbol.asyncDispose]())

const aType = async (change: object = {}): Promise<any> =>
  (await storage.call('POST', '/types', { volume_type: { name: `t-${randomUUID()}`, ...change } })).body
    .volume_type

test('a type is made, found by name and id, changed and deleted', async () => {
  const type = await aType({ description: 'fast', extra_specs: { storpool_template: 'nvme' } })

  expect(type).toMatchObject({ is_public: true, extra_specs: { storpool_template: 'nvme' } })
  expect(type).not.toHaveProperty('qos_specs_id')
  const { body } = await storage.call('PUT', `/types/${type.id}`, { volume_type: { description: 'faster' } })
  expect(Object.keys(body.volume_type).sort()).toEqual([
    'description',
    'extra_specs',
    'id',
    'is_public',
    'name',
  ])
  const { body: shown } = await storage.call('GET', `/types/${type.id}`)
  expect(shown.volume_type).toMatchObject({ description: 'faster', qos_specs_id: null })
  expect((await storage.call('DELETE', `/types/${type.id}`)).status).toBe(202)
  expect((await storage.call('GET', `/types/${type.id}`)).status).toBe(404)
})

test('two types of one name are refused, and one that volumes are of is neither deleted nor given other specs', async () => {
  const type = await aType()
  const again = await storage.call('POST', '/types', { volume_type: { name: type.name } })
  expect(again.body.conflictingRequest.code).toBe(409)

  const volume = await storage.aVolume({ volume_type: type.name })

  expect(volume.volume_type).toBe(type.name)
  expect((await storage.call('DELETE', `/types/${type.id}`)).status).toBe(400)
  const specs = await storage.call('POST', `/types/${type.id}/extra_specs`, { extra_specs: { iops: '5' } })
  expect(specs.status).toBe(400)
})

test('what a type asks of StorPool is what its volumes have', async () => {
  const type = await aType({ extra_specs: { storpool_template: 'hdd', iops: '700' } })
  const { id } = await storage.aVolume({ volume_type: type.id })
  const there = storage.cluster.simulator.volumes.get(`os--volume-${id}`)
  expect(there).toMatchObject({ templateName: 'hdd', iops: 700 })
  expect((await storage.show('volume', id))['os-vol-host-attr:host']).toBe('cinderless@default#template_hdd')
})

test('extra specs are set and taken one by one', async () => {
  const { id } = await aType()
  const at = `/types/${id}/extra_specs`
  expect((await storage.call('POST', at, { extra_specs: { a: '1', b: '2' } })).body).toEqual({
    extra_specs: { a: '1', b: '2' },
  })
  expect((await storage.call('PUT', `${at}/a`, { a: '3' })).body).toEqual({ a: '3' })
  expect((await storage.call('PUT', `${at}/a`, { b: '3' })).status).toBe(400)
  expect((await storage.call('DELETE', `${at}/b`)).status).toBe(202)
  expect((await storage.call('GET', at)).body).toEqual({ extra_specs: { a: '3' } })
  expect((await storage.call('GET', `${at}/b`)).status).toBe(404)
  expect((await storage.call('POST', at, { extra_specs: 'x' })).status).toBe(400)
})

test('a type that is not public is for the projects that were let in', async () => {
  const { id } = await aType({ 'os-volume-type-access:is_public': false })
  const let_in = 'c'.repeat(32)

  expect(
    (await storage.call('POST', `/types/${id}/action`, { addProjectAccess: { project: let_in } })).status,
  ).toBe(202)
  expect(
    (await storage.call('POST', `/types/${id}/action`, { addProjectAccess: { project: let_in } })).status,
  ).toBe(409)

  const { body } = await storage.call('GET', `/types/${id}/os-volume-type-access`)
  expect(body.volume_type_access).toEqual([{ volume_type_id: id, project_id: let_in }])
  expect(
    (await storage.call('POST', `/types/${id}/action`, { removeProjectAccess: { project: let_in } })).status,
  ).toBe(202)
})

test('the default type is there from the start, may be described, and stays', async () => {
  const { body } = await storage.call('GET', '/types/default')
  const { id, name } = body.volume_type
  expect(name).toBe('__DEFAULT__')
  const changed = await storage.call('PUT', `/types/${id}`, { volume_type: { description: 'ours' } })
  expect(changed.body.volume_type.description).toBe('ours')
  expect((await storage.call('DELETE', `/types/${id}`)).status).toBe(400)
  const { body: all } = await storage.call('GET', '/types')
  expect(all.volume_types.filter((one: { name: string }) => one.name === name)).toHaveLength(1)
})

test('a type that is renamed keeps its description, which clients then send as null', async () => {
  const { body: made } = await storage.call('POST', '/types', {
    volume_type: { name: 'before', description: 'kept' },
  })
  const { id } = made.volume_type
  const change = (volume_type: object) => storage.call('PUT', `/types/${id}`, { volume_type })

  const renamed = await change({ name: 'after', description: null })
  expect(renamed.body.volume_type).toMatchObject({ name: 'after', description: 'kept' })
  expect((await change({ description: null })).status).toBe(400)
  expect((await change({ description: '' })).body.volume_type.description).toBe('')
})

test('limits hold for volumes made at once, by project and by type, and are told in words that clients know', async () => {
  const mine = { project: 'd'.repeat(32) }
  const type = await aType()
  await storage.call('PUT', `/os-quota-sets/${mine.project}`, {
    quota_set: { volumes: 3, [`gigabytes_${type.name}`]: 2 },
  })

  const made = await Promise.all(
    Array.from({ length: 6 }, () => storage.call('POST', '/volumes', { volume: { size: 1 } }, mine)),
  )
  const statuses = made.map(({ status }) => status ?? 0).sort((one, other) => one - other)
  expect(statuses).toEqual([202, 202, 202, 413, 413, 413])
  const over = made.find(({ status }) => status === 413)
  expect(over?.headers['retry-after']).toBe('0')
  expect(over?.body.overLimit.message).toMatch(
    /^VolumeLimitExceeded: Maximum number of volumes allowed \(3\)/,
  )
  const { body: limits } = await storage.call('GET', '/limits', undefined, mine)
  expect(limits.limits.absolute).toMatchObject({
    maxTotalVolumes: 3,
    totalVolumesUsed: 3,
    totalGigabytesUsed: 3,
  })

  await storage.call('PUT', `/os-quota-sets/${mine.project}`, { quota_set: { volumes: -1 } })
  const typed = await storage.call('POST', '/volumes', { volume: { size: 3, volume_type: type.id } }, mine)
  expect(typed.body.overLimit.message).toMatch(/^VolumeSizeExceedsAvailableQuota/)
  const below = await storage.call('PUT', `/os-quota-sets/${mine.project}`, { quota_set: { gigabytes: 1 } })
  expect(below.status).toBe(400)
  expect((await storage.call('PUT', `/os-quota-sets/${project}`, { quota_set: { wings: 1 } })).status).toBe(
    400,
  )
  expect((await storage.call('DELETE', `/os-quota-sets/${mine.project}`)).status).toBe(200)
  const { body: after } = await storage.call('GET', `/os-quota-sets/${mine.project}`)
  expect(after.quota_set.volumes).toBe(-1)
})

test('a backend that is disabled gets no new volumes until it is enabled', async () => {
  const { body } = await storage.call('GET', '/os-services?binary=cinder-volume')
  const [{ host, state, status }] = body.services
  expect({ host, state, status }).toEqual({ host: 'cinderless@default', state: 'up', status: 'enabled' })
  const said = { binary: 'cinder-volume', host, disabled_reason: 'new disks' }

  expect((await storage.call('PUT', '/os-services/disable-log-reason', said)).status).toBe(200)
  const refused = await storage.aVolume()
  expect((await storage.show('volume', refused.id)).status).toBe('error')
  await storage.call('PUT', '/os-services/enable', said)

  expect((await storage.aVolume()).status).toBe('available')
  expect((await storage.call('PUT', '/os-services/disable', { binary: 'x', host })).status).toBe(404)
  expect((await storage.call('PUT', '/os-services/freeze', { host: 'x' })).status).toBe(400)
  expect((await storage.call('PUT', '/os-services/freeze', { host })).body.notImplemented.code).toBe(501)
})

test('pools, capabilities, zones, extensions, filters and hosts are told', async () => {
  const { body: pools } = await storage.call('GET', '/scheduler-stats/get_pools?detail=true')
  expect(pools.pools.map(({ name }: { name: string }) => name)).toContain('cinderless@default#template_nvme')
  expect(pools.pools[0].capabilities).toMatchObject({ vendor_name: 'StorPool', storage_protocol: 'storpool' })
  const { body: able } = await storage.call('GET', '/capabilities/cinderless@default')
  expect(able).toMatchObject({ vendor_name: 'StorPool' })
  expect((await storage.call('GET', '/capabilities/x@y')).status).toBe(404)
  expect((await storage.call('GET', '/os-availability-zone')).body.availabilityZoneInfo[0].zoneName).toBe(
    'nova',
  )
  const { body: known } = await storage.call('GET', '/extensions')
  expect(known.extensions.map(({ name }: { name: string }) => name)).toContain('Hosts')
  expect((await storage.call('GET', '/resource_filters', undefined, { version: 33 })).status).toBe(200)
  expect((await storage.call('GET', '/os-hosts/cinderless@default')).body.host[0].resource.project).toBe(
    '(total)',
  )
  expect((await storage.call('GET', '/qos-specs')).body).toEqual({ qos_specs: [] })
  expect((await storage.call('GET', '/groups')).status).toBe(404)
})
