import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BlockStorageSystem, startBlockStorage } from '../support/block-storage.ts'
import { nameOf } from '../support/makers.ts'

let storage: BlockStorageSystem
beforeAll(async () => {
  storage = await startBlockStorage(
    {
      JOB_HOST: 'host-1',
      HOSTS: JSON.stringify({
        'host-1': { clientId: 1, agent: 'http://127.0.0.1:9', clients: { second: 2 } },
      }),
      BACKENDS: JSON.stringify({ second: { SP_API_HTTP_HOST: '127.0.0.1', SP_API_HTTP_PORT: 9 } }),
    },
    { templates: ['nvme', 'hdd'] },
  )
  await aType('fast', { storpool_template: 'nvme', iops: '500' })
  await aType('slow', { storpool_template: 'hdd' })
  await aType('shared', { multiattach: '<is> True' })
  await aType('elsewhere', { volume_backend_name: 'second' })
})
afterAll(() => storage?.[Symbol.asyncDispose]())

const aType = (name: string, extra_specs: object) =>
  storage.call('POST', '/types', { volume_type: { name, extra_specs } })

const retype = (id: string, new_type: string, migration_policy?: string) =>
  storage.act(id, { 'os-retype': { new_type, ...(migration_policy && { migration_policy }) } })

const messageOf = async (id: string): Promise<string | undefined> =>
  (await storage.call('GET', '/messages', undefined, { version: 71 })).body.messages.find(
    ({ resource_uuid }: any) => resource_uuid === id,
  )?.user_message

const counted = async () => {
  const use = await storage.usage()
  return Object.fromEntries(
    ['volumes', 'gigabytes', 'volumes_fast', 'gigabytes_fast', 'volumes_slow', 'gigabytes_slow'].map(
      (name) => [name, use[name]?.in_use],
    ),
  )
}

test('a retype changes the template, the limits and what types count', async () => {
  const { id } = await storage.aVolume({ size: 2, volume_type: 'slow' })
  const before = await counted()

  expect((await retype(id, 'fast')).status).toBe(202)

  expect(await storage.show('volume', id)).toMatchObject({
    status: 'available',
    volume_type: 'fast',
    'os-vol-host-attr:host': 'cinderless@default#template_nvme',
  })
  expect(storage.cluster.simulator.volumes.get(nameOf(id))).toMatchObject({
    templateName: 'nvme',
    iops: 500,
  })
  expect(await counted()).toEqual({
    ...before,
    ...{ volumes_fast: before.volumes_fast! + 1, gigabytes_fast: before.gigabytes_fast! + 2 },
    ...{ volumes_slow: before.volumes_slow! - 1, gigabytes_slow: before.gigabytes_slow! - 2 },
  })

  expect((await retype(id, 'slow')).status).toBe(202)
  expect(storage.cluster.simulator.volumes.get(nameOf(id))).toMatchObject({ templateName: 'hdd', iops: '-' })
  expect(await counted()).toEqual(before)
})

test.each([
  ['to the type that it has', {}, 'slow', 400],
  ['to a type that is not there', {}, 'none', 404],
  ['of a volume in another state', { status: 'error' }, 'fast', 400],
  ['of a volume that migrates', { migrationStatus: 'migrating' }, 'fast', 400],
  ['of one in use to a type that is attached otherwise', { status: 'in-use' }, 'shared', 400],
])('a retype %s is refused, and nothing is counted', async (_, change, type, status) => {
  const { id } = await storage.aVolume({ volume_type: 'slow' })
  const { volumes } = storage.storage()
  await volumes.replace({ ...(await volumes.get(id))!, ...change } as never)
  const before = await counted()

  expect((await retype(id, type)).status).toBe(status)

  expect(await counted()).toEqual(before)
})

test('a type whose quota is full is not retyped to', async () => {
  const { id } = await storage.aVolume({ volume_type: 'slow' })
  await storage.call('PUT', `/os-quota-sets/${'0123456789abcdef0123456789abcdef'}`, {
    quota_set: { volumes_shared: 0 },
  })

  const refused = await retype(id, 'shared')

  expect([refused.status, refused.body.overLimit.code]).toEqual([413, 413])
  expect(await storage.show('volume', id)).toMatchObject({ status: 'available', volume_type: 'slow' })
})

test('what the cluster refuses leaves the volume as it was, and a message', async () => {
  await aType('nowhere', { storpool_template: 'none' })
  const { id } = await storage.aVolume({ volume_type: 'slow' })
  const before = await counted()

  expect((await retype(id, 'nowhere')).status).toBe(202)

  expect(await storage.show('volume', id)).toMatchObject({ status: 'available', volume_type: 'slow' })
  expect(await messageOf(id)).toContain('none')
  expect(await counted()).toEqual(before)
})

test('to a type of another backend a volume moves by a job, where that is asked for', async () => {
  const { id } = await storage.aVolume({ volume_type: 'slow' })

  expect((await retype(id, 'elsewhere')).status).toBe(202)
  expect(await storage.show('volume', id)).toMatchObject({ status: 'available', volume_type: 'slow' })
  expect(await messageOf(id)).toContain('migration_policy is never')

  expect((await retype(id, 'elsewhere', 'on-demand')).status).toBe(202)
  expect(await storage.show('volume', id)).toMatchObject({ status: 'retyping', volume_type: 'slow' })
  const { work } = (await storage.storage().volumes.get(id))!
  const job = await storage.storage().jobs.get(work?.job ?? '')
  expect(job).toMatchObject({
    kind: 'migrate-volume',
    input: { to_host: 'cinderless@second#default', host: 'host-1', new_type: { name: 'elsewhere' } },
  })
  expect((await storage.call('DELETE', `/volumes/${id}`)).status).toBe(400)

  const there = { host: 'cinderless@second#default', provider_location: 'xyz.b.1' }
  await storage.endJob(job!.id, { status: 'succeeded', result: there })
  expect(await storage.show('volume', id, { version: 71 })).toMatchObject({
    ...{ status: 'available', volume_type: 'elsewhere', provider_id: 'xyz.b.1' },
    'os-vol-host-attr:host': there.host,
  })
})

test('a migration names another backend, has the volume to itself, and says how it ended', async () => {
  const { id } = await storage.aVolume({ volume_type: 'slow' })
  const migrate = (host: string, more: object = {}) =>
    storage.act(id, { 'os-migrate_volume': { host, ...more } })

  expect((await migrate('cinderless@none#default')).status).toBe(400)
  expect((await migrate('cinderless@default#template_nvme')).status).toBe(400)
  expect((await migrate('cinderless@second', { cluster: 'x' })).status).toBe(400)
  expect((await migrate('cinderless@second', { lock_volume: true })).status).toBe(202)
  expect(await storage.show('volume', id)).toMatchObject({
    status: 'maintenance',
    migration_status: 'migrating',
  })
  expect((await migrate('cinderless@second')).status).toBe(400)
  expect((await storage.act(id, { 'os-extend': { new_size: 2 } })).status).toBe(400)
  const completion = { new_volume: id, error: false }
  expect((await storage.act(id, { 'os-migrate_volume_completion': completion })).status).toBe(400)

  const job = (await storage.storage().volumes.get(id))!.work!.job!
  await storage.endJob(job, { status: 'failed', error: { name: 'Conflict', message: 'it was extended' } })

  expect(await storage.show('volume', id)).toMatchObject({ status: 'available', migration_status: 'error' })
  expect(await messageOf(id)).toContain('it was extended')
  expect((await storage.call('DELETE', `/volumes/${id}`)).status).toBe(202)
})

test('a volume with snapshots, or in use, is not migrated', async () => {
  const { id } = await storage.aVolume()
  const migrate = () => storage.act(id, { 'os-migrate_volume': { host: 'cinderless@second' } })
  const { snapshot } = (await storage.call('POST', '/snapshots', { snapshot: { volume_id: id } })).body
  expect((await migrate()).body.badRequest.message).toContain('must not have snapshots')
  await storage.call('DELETE', `/snapshots/${snapshot.id}`)
  const { volumes } = storage.storage()
  await volumes.replace({ ...(await volumes.get(id))!, status: 'in-use' })
  expect((await migrate()).body.badRequest.message).toContain('in use')
})

test('an extension that was cut off is ended as an admin says', async () => {
  const { id, ...made } = await storage.aVolume()
  const { volumes, quotas, now } = storage.storage()
  const complete = (error: boolean) =>
    storage.act(id, { 'os-extend_volume_completion': { error } }, { version: 71 })
  const cut = async () => {
    const there = (await volumes.get(id))!
    const work = { id: crypto.randomUUID(), since: now(), from: 'available', reserved: true }
    await quotas.reserve(there.project, work.id, { gigabytes: 1 })
    await volumes.replace({
      ...there,
      status: 'extending',
      work: { ...work, action: 'os-extend', input: { new_size: made.size + 1 }, requestId: 'req-gone' },
    })
  }
  expect((await complete(false)).status).toBe(400)
  await cut()
  expect((await complete(true)).status).toBe(202)
  expect(await storage.show('volume', id)).toMatchObject({ status: 'error_extending', size: 1 })
  await storage.act(id, { 'os-reset_status': { status: 'available' } })
  await cut()
  expect((await complete(false)).status).toBe(202)
  expect(await storage.show('volume', id)).toMatchObject({ status: 'available', size: 2 })
  expect(Object.keys((await quotas.read('0123456789abcdef0123456789abcdef')).reservations)).toEqual([])
})
