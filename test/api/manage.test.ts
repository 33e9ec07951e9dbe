import { afterAll, beforeAll, expect, test } from 'vitest'
import { volumeSnapshot } from '../../lib/storpool/snapshots.ts'
import { volumeCreate, volumeUpdate } from '../../lib/storpool/volumes.ts'
import { type BlockStorageSystem, startBlockStorage } from '../support/block-storage.ts'
import { nameOf, snapshotNameOf } from '../support/makers.ts'

let storage: BlockStorageSystem
beforeAll(async () => {
  storage = await startBlockStorage({}, { templates: ['nvme'] })
  const { storpool } = storage.cluster.backend
  await volumeCreate(storpool, { name: 'theirs', size: 2 * 1024 ** 3, template: 'nvme' })
  await volumeCreate(storpool, { name: 'other', size: 1024 ** 3, replication: 3 })
  await volumeSnapshot(storpool, 'theirs', { name: 'noon', tags: {} })
})
afterAll(() => storage?.[Symbol.asyncDispose]())

const host = 'cinderless@default'
const at = { version: 8 }

const entries = async (path: string, as: object = at): Promise<any[]> =>
  Object.values((await storage.call('GET', path, undefined, as)).body)[0] as any[]

test('what is on the cluster is listed, and says whether it can be managed', async () => {
  const { id } = await storage.aVolume({ name: 'ours' })

  const brief = await entries(`/manageable_volumes?host=${host}&sort=reference:asc`)
  const detail = await entries(`/manageable_volumes/detail?host=${host}`)

  expect(brief.map(({ reference }) => reference['source-name'])).toEqual([nameOf(id), 'other', 'theirs'])
  expect(Object.keys(brief[0]).sort()).toEqual(['reference', 'safe_to_manage', 'size'])
  expect(detail.map(({ safe_to_manage }) => safe_to_manage)).toEqual([true, true, false])
  expect(detail[2]).toMatchObject({ cinder_id: id, reason_not_safe: `managed as ${id}` })
  expect(await entries(`/manageable_volumes?host=${host}%23template_nvme`)).toHaveLength(1)
  expect(await entries(`/manageable_volumes?host=${host}&limit=1&offset=1`)).toMatchObject([
    { reference: { 'source-name': 'other' } },
  ])
  expect(await entries(`/os-volume-manage?host=${host}`, {})).toHaveLength(3)
  expect(await entries(`/manageable_snapshots?host=${host}`)).toMatchObject([
    { reference: { 'source-name': 'noon' }, source_reference: { 'source-name': 'theirs' } },
  ])
})

test.each([
  ['without a host', '/manageable_volumes', 8, 400],
  ['of a host that is not there', '/manageable_volumes?host=x@y', 8, 400],
  ['sorted by what it has not', `/manageable_volumes?host=${host}&sort=name`, 8, 400],
  ['under its newer name before there was one', `/manageable_volumes?host=${host}`, 7, 404],
])('a list %s is refused', async (_, path, version, status) => {
  expect((await storage.call('GET', path, undefined, { version })).status).toBe(status)
})

test('one that Cinder manages is known by its name, though it bears none of our tags', async () => {
  const { id } = await storage.aVolume()
  const there = storage.cluster.simulator.volumes.get(nameOf(id)) as any
  const tags = { 'cl-id': '', 'cl-project': '' }
  await volumeUpdate(storage.cluster.backend.storpool, `~${there.globalId}`, { tags })

  const found = await entries(`/manageable_volumes/detail?host=${host}`)

  expect(found.find(({ reference }) => reference['source-name'] === nameOf(id))).toMatchObject({
    safe_to_manage: false,
    reason_not_safe: 'already managed',
    cinder_id: id,
  })
})

test('a volume and its snapshot are managed with their data in place, counted, and let go again', async () => {
  const before = await storage.usage()

  const taken = await storage.call(
    'POST',
    '/manageable_volumes',
    {
      volume: {
        ...{ host, ref: { 'source-name': 'theirs' }, name: 'mine', metadata: { a: 'b' }, bootable: true },
        description: null,
      },
    },
    at,
  )

  expect(taken.status).toBe(202)
  const { id } = taken.body.volume
  expect(await storage.show('volume', id)).toMatchObject({
    ...{ status: 'available', size: 2, name: 'mine', bootable: 'true', metadata: { a: 'b' } },
    'os-vol-host-attr:host': `${host}#default`,
  })
  const { simulator } = storage.cluster
  expect(simulator.volumes.has('theirs')).toBe(false)
  expect(simulator.volumes.get(nameOf(id))?.tags).toMatchObject({ 'cl-id': id })
  expect((await storage.usage()).gigabytes?.in_use).toBe((before.gigabytes?.in_use ?? 0) + 2)

  const snapshot = { volume_id: id, ref: { 'source-name': 'noon' }, name: 'noon' }
  const kept = await storage.call('POST', '/os-snapshot-manage', { snapshot })
  expect(kept.status).toBe(202)
  expect(await storage.show('snapshot', kept.body.snapshot.id)).toMatchObject({
    ...{ status: 'available', size: 2, volume_id: id, name: 'noon' },
  })
  expect(simulator.snapshots.has(snapshotNameOf(kept.body.snapshot.id))).toBe(true)
  expect((await storage.call('DELETE', `/volumes/${id}`)).status).toBe(400)

  await storage.call('POST', `/snapshots/${kept.body.snapshot.id}/action`, { 'os-unmanage': null })
  expect((await storage.act(id, { 'os-unmanage': {} })).status).toBe(202)
  expect(simulator.volumes.has(nameOf(id))).toBe(true)
  expect(await storage.usage()).toEqual(before)
})

test.each([
  ['that is not there', { host, ref: { 'source-name': 'none' } }, 400],
  ['by no reference', { host, ref: {} }, 400],
  ['by a reference of another kind', { host, ref: { 'file-name': 'x' } }, 400],
  ['of no host', { ref: { 'source-name': 'other' } }, 400],
  ['of a host that is not there', { host: 'x@y', ref: { 'source-name': 'other' } }, 400],
  ['with a type that is not there', { host, ref: { 'source-name': 'other' }, volume_type: 'none' }, 404],
])('to manage a volume %s is refused, and nothing is counted', async (_, volume, status) => {
  const before = await storage.usage()

  const refused = await storage.call('POST', '/manageable_volumes', { volume }, at)

  expect(refused.status).toBe(status)
  expect(await storage.usage()).toEqual(before)
  expect(storage.cluster.simulator.volumes.has('other')).toBe(true)
})

test('a volume of another record is not taken, and what remains of the attempt is deleted without it', async () => {
  const { id } = await storage.aVolume()

  const taken = await storage.call('POST', '/os-volume-manage', {
    volume: { host, ref: { 'source-name': nameOf(id) } },
  })

  const attempt = taken.body.volume.id
  expect(await storage.show('volume', attempt)).toMatchObject({ status: 'error_managing' })
  expect((await storage.call('DELETE', `/volumes/${attempt}`)).status).toBe(202)
  expect(await storage.show('volume', attempt)).toBeUndefined()
  expect(storage.cluster.simulator.volumes.has(nameOf(id))).toBe(true)
})
