import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { snapshotAmounts, volumeAmounts } from '../../lib/volumes/quotas.ts'
import { type BlockStorageSystem, project, startBlockStorage } from '../support/block-storage.ts'
import { snapshotNameOf } from '../support/makers.ts'

let storage: BlockStorageSystem
beforeAll(async () => {
  storage = await startBlockStorage()
})
afterAll(() => storage?.[Symbol.asyncDispose]())

const onCluster = (id: string) => storage.cluster.simulator.snapshots.get(snapshotNameOf(id))

const aSnapshot = async (volume: string, change: object = {}, as: object = {}) =>
  storage.call('POST', '/snapshots', { snapshot: { volume_id: volume, ...change } }, as)

const base = [
  'created_at',
  'description',
  'id',
  'metadata',
  'name',
  'size',
  'status',
  'updated_at',
  'volume_id',
]

test('a snapshot is on the cluster, in its record and in the quota, and so is its end', async () => {
  const before = await storage.usage()
  const volume = await storage.aVolume({ size: 3 })

  const { status, body } = await aSnapshot(volume.id, { name: 'noon', metadata: { why: 'lunch' } })

  expect(status).toBe(202)
  expect(Object.keys(body.snapshot).sort()).toEqual(base)
  const { id } = body.snapshot
  expect(onCluster(id)?.size).toBe(3 * 1024 ** 3)
  expect(await storage.show('snapshot', id)).toMatchObject({
    status: 'available',
    size: 3,
    name: 'noon',
    metadata: { why: 'lunch' },
    volume_id: volume.id,
    'os-extended-snapshot-attributes:project_id': project,
    'os-extended-snapshot-attributes:progress': '100%',
  })
  const held = await storage.usage()
  expect(held.snapshots?.in_use).toBe((before.snapshots?.in_use ?? 0) + 1)
  expect(held.gigabytes?.in_use).toBe((before.gigabytes?.in_use ?? 0) + 6)

  expect(await storage.call('DELETE', `/snapshots/${id}`)).toMatchObject({ status: 202, body: undefined })

  expect(onCluster(id)).toBeUndefined()
  expect((await storage.call('GET', `/snapshots/${id}`)).body.itemNotFound.code).toBe(404)
  expect((await storage.call('DELETE', `/volumes/${volume.id}`)).status).toBe(202)
  expect(await storage.usage()).toEqual(before)
})

test.each([
  ['of no volume', { volume_id: null }, 404, 'itemNotFound'],
  ['of a volume whose id is none', { volume_id: 'x' }, 400, 'badRequest'],
  ['of a volume that is not there', { volume_id: randomUUID() }, 404, 'itemNotFound'],
  ['without a volume', {}, 400, 'badRequest'],
  ['with metadata that is no text', { volume_id: randomUUID(), metadata: { a: 1 } }, 400, 'badRequest'],
])('a snapshot %s is refused', async (_, snapshot, status, key) => {
  const refused = await storage.call('POST', '/snapshots', { snapshot })

  expect(refused.status).toBe(status)
  expect(refused.body[key].code).toBe(status)
})

test('of a volume in use a snapshot takes force, and from 3.66 it takes none', async () => {
  const volume = await storage.aVolume()
  const { volumes } = storage.storage()
  const record = await volumes.get(volume.id)
  await volumes.replace({ ...record!, status: 'in-use' })

  expect((await aSnapshot(volume.id)).status).toBe(400)
  expect((await aSnapshot(volume.id, { force: 'perhaps' })).status).toBe(400)
  expect((await aSnapshot(volume.id, { force: 'True' })).status).toBe(202)
  expect((await aSnapshot(volume.id, { force: false }, { version: 66 })).status).toBe(400)
  expect((await aSnapshot(volume.id, { force: true }, { version: 66 })).status).toBe(202)
  expect((await aSnapshot(volume.id, {}, { version: 66 })).status).toBe(202)
  await volumes.replace({ ...(await volumes.get(volume.id))!, status: 'error' })
  expect((await aSnapshot(volume.id, { force: true })).status).toBe(400)
})

test('lists have what each asks for, newest first, and only what the project has', async () => {
  const volume = await storage.aVolume()
  const other = { project: 'fedcba9876543210fedcba9876543210' }
  const names = ['one', 'two', 'three']
  for (const name of names) await aSnapshot(volume.id, { name, metadata: { of: name } })

  const brief = await storage.call('GET', `/snapshots?volume_id=${volume.id}`)
  const detailed = await storage.call('GET', `/snapshots/detail?volume_id=${volume.id}&limit=2`, undefined, {
    version: 71,
  })

  expect(brief.body.snapshots.map(({ name }: any) => name)).toEqual(['three', 'two', 'one'])
  expect(Object.keys(brief.body.snapshots[0]).sort()).toEqual(base)
  expect(detailed.body.snapshots).toHaveLength(2)
  expect(detailed.body.snapshots[0]).toMatchObject({
    group_snapshot_id: null,
    user_id: 'somebody',
    consumes_quota: true,
    'os-extended-snapshot-attributes:progress': '100%',
  })
  const [{ href }] = detailed.body.snapshots_links
  const { pathname, search } = new URL(href)
  const rest = await storage.call('GET', `${pathname.replace(`/v3/${project}`, '')}${search}`)
  expect(rest.body.snapshots.map(({ name }: any) => name)).toEqual(['one'])
  const sorted = await storage.call('GET', `/snapshots?volume_id=${volume.id}&sort=name:asc`)
  expect(sorted.body.snapshots.map(({ name }: any) => name)).toEqual(['one', 'three', 'two'])
  const filtered = await storage.call('GET', `/snapshots?metadata=${encodeURIComponent("{'of': 'two'}")}`)
  expect(filtered.body.snapshots.map(({ name }: any) => name)).toEqual(['two'])
  expect((await storage.call('GET', '/snapshots', undefined, other)).body.snapshots).toEqual([])
  expect((await storage.call('GET', '/snapshots?no=1', undefined, { version: 31 })).status).toBe(400)
})

test('names, descriptions and metadata are changed in place', async () => {
  const { id } = (await aSnapshot((await storage.aVolume()).id, { name: 'a' })).body.snapshot

  const updated = await storage.call('PUT', `/snapshots/${id}`, {
    snapshot: { display_name: 'b', description: 'the second' },
  })

  expect(updated).toMatchObject({ status: 200, body: { snapshot: { name: 'b', description: 'the second' } } })
  expect((await storage.call('PUT', `/snapshots/${id}`, { snapshot: {} })).status).toBe(400)
  expect((await storage.call('PUT', `/snapshots/${id}`, { snapshot: { size: 2 } })).status).toBe(400)
  const meta = `/snapshots/${id}/metadata`
  expect((await storage.call('POST', meta, { metadata: { k: 'v' } })).body).toEqual({ metadata: { k: 'v' } })
  expect((await storage.call('PUT', `${meta}/l`, { meta: { l: 'w' } })).body).toEqual({ meta: { l: 'w' } })
  expect((await storage.call('DELETE', `${meta}/k`)).status).toBe(200)
  expect((await storage.call('GET', meta)).body).toEqual({ metadata: { l: 'w' } })
  expect((await storage.call('GET', `${meta}/k`)).status).toBe(404)
})

test('a host that takes part says how far a snapshot is, and an admin what state it is in', async () => {
  const { id } = (await aSnapshot((await storage.aVolume()).id)).body.snapshot
  const act = (body: object) => storage.call('POST', `/snapshots/${id}/action`, body)
  const say = (update: object) => act({ 'os-update_snapshot_status': update })

  expect((await say({ status: 'available' })).status).toBe(400)
  expect((await act({ 'os-reset_status': { status: 'creating' } })).status).toBe(202)
  expect((await say({ status: 'error_deleting' })).status).toBe(400)
  expect((await say({ status: 'creating', progress: '8x%' })).status).toBe(400)
  expect((await say({ status: 'creating', progress: '80%' })).status).toBe(202)
  expect(await storage.show('snapshot', id)).toMatchObject({
    status: 'creating',
    'os-extended-snapshot-attributes:progress': '80%',
  })
  expect((await storage.call('DELETE', `/snapshots/${id}`)).status).toBe(400)
  expect((await act({ 'os-nothing': null })).body.badRequest.message).toContain('no such action: os-nothing')
  expect((await act({ 'os-force_delete': null })).status).toBe(202)
  expect(onCluster(id)).toBeUndefined()
})

test('one that is let go stays on the cluster, and its volume can be deleted', async () => {
  const volume = await storage.aVolume()
  const { id } = (await aSnapshot(volume.id)).body.snapshot
  expect((await storage.call('DELETE', `/volumes/${volume.id}`)).status).toBe(400)

  expect((await storage.call('POST', `/snapshots/${id}/action`, { 'os-unmanage': null })).status).toBe(202)

  expect((await storage.call('GET', `/snapshots/${id}`)).status).toBe(404)
  expect(onCluster(id)?.tags?.['cl-id']).toBeUndefined()
  expect((await storage.call('DELETE', `/volumes/${volume.id}`)).status).toBe(202)
})

test('what a volume remembers of its image goes on in its snapshot and in volumes made from that', async () => {
  const volume = await storage.aVolume()
  await storage.act(volume.id, { 'os-set_bootable': { bootable: true } })
  await storage.act(volume.id, { 'os-set_image_metadata': { metadata: { os_distro: 'debian' } } })
  const { id } = (await aSnapshot(volume.id)).body.snapshot

  const again = await storage.aVolume({ size: undefined, snapshot_id: id })
  const clone = await storage.aVolume({ size: undefined, source_volid: again.id })

  for (const one of [again, clone]) {
    expect(await storage.show('volume', one.id)).toMatchObject({
      bootable: 'true',
      volume_image_metadata: { os_distro: 'debian' },
    })
  }
})

test('of a deletion of a volume and a snapshot of it at the same time exactly one wins', async () => {
  for (let round = 0; round < 8; round++) {
    const volume = await storage.aVolume()
    const [snapshot, deletion] = await Promise.all([
      aSnapshot(volume.id),
      storage.call('DELETE', `/volumes/${volume.id}`),
    ])

    const there = await storage.show('volume', volume.id)
    expect([snapshot.status, deletion.status, there?.status]).toEqual(
      snapshot.status === 202 ? [202, 400, 'available'] : [snapshot.status, 202, undefined],
    )
    if (snapshot.status === 202) {
      expect(await storage.show('snapshot', snapshot.body.snapshot.id)).toMatchObject({ status: 'available' })
    } else {
      expect([400, 404]).toContain(snapshot.status)
    }
  }
})

test('what was cut off is gone on with when it is next looked at', async () => {
  const volume = await storage.aVolume()
  const { snapshots, volumes, quotas } = storage.storage()
  const { id } = (await aSnapshot(volume.id)).body.snapshot
  const made = (await snapshots.get(id))!
  const work = {
    ...{ id: randomUUID(), since: '2026-01-01T00:00:00.000Z', from: 'available', reserved: false },
    ...{ input: {}, requestId: 'req-gone' },
  }
  await snapshots.replace({ ...made, status: 'deleting', work: { ...work, action: 'delete' } })

  expect(await storage.show('snapshot', id)).toBeUndefined()
  expect(onCluster(id)).toBeUndefined()
  expect((await volumes.get(volume.id))?.snapshots).toEqual([])

  const cut = randomUUID()
  await quotas.reserve(project, cut, snapshotAmounts(1, made.typeId))
  await snapshots.create({
    ...{ ...made, id: cut, status: 'creating', globalId: null, version: 0 },
    work: { ...work, id: cut, action: 'create', input: { inUse: false }, from: 'creating', reserved: true },
  })

  expect(await storage.show('snapshot', cut)).toMatchObject({ status: 'available' })
  expect(onCluster(cut)).toBeDefined()
  expect((await volumes.get(volume.id))?.snapshots).toEqual([cut])
  expect((await quotas.read(project)).reservations[cut]).toBeUndefined()
})

test('a quota that is full is 413, and nothing is there', async () => {
  const full = { project: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }
  const volume = await storage.aVolume({}, full)
  await storage.storage().quotas.limit(full.project, { snapshots: 0 })

  const refused = await aSnapshot(volume.id, {}, full)

  expect(refused).toMatchObject({ status: 413, body: { overLimit: { code: 413, retryAfter: '0' } } })
  expect((await storage.call('GET', '/snapshots', undefined, full)).body.snapshots).toEqual([])
  const { used } = await storage.storage().quotas.read(full.project)
  const { typeId } = (await storage.storage().volumes.get(volume.id))!
  expect(used).toMatchObject(volumeAmounts(1, typeId))
})
