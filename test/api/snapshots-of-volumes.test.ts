import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BlockStorageSystem, startBlockStorage } from '../support/block-storage.ts'
import { nameOf, snapshotNameOf } from '../support/makers.ts'

let storage: BlockStorageSystem
beforeAll(async () => {
  storage = await startBlockStorage()
})
afterAll(() => storage?.[Symbol.asyncDispose]())

const aSnapshot = async (volume: string): Promise<string> =>
  (await storage.call('POST', '/snapshots', { snapshot: { volume_id: volume } })).body.snapshot.id

const revert = (volume: string, snapshot: string, version = 40) =>
  storage.act(volume, { revert: { snapshot_id: snapshot } }, { version })

const reset = (snapshot: string, status: string) =>
  storage.call('POST', `/snapshots/${snapshot}/action`, { 'os-reset_status': { status } })

test('a volume is deleted with its snapshots where that is asked for, and all they counted is given back', async () => {
  const before = await storage.usage()
  const { id } = await storage.aVolume()
  const snapshots = [await aSnapshot(id), await aSnapshot(id)]
  const cascade = () => storage.call('DELETE', `/volumes/${id}?cascade=true`)

  expect((await storage.call('DELETE', `/volumes/${id}`)).status).toBe(400)
  await reset(snapshots[0]!, 'creating')
  expect((await cascade()).status).toBe(400)
  await reset(snapshots[0]!, 'error')
  expect((await cascade()).status).toBe(202)

  expect(await storage.show('volume', id)).toBeUndefined()
  for (const snapshot of snapshots) {
    expect(await storage.show('snapshot', snapshot)).toBeUndefined()
    expect(storage.cluster.simulator.snapshots.get(snapshotNameOf(snapshot))).toBeUndefined()
  }
  expect(await storage.usage()).toEqual(before)
})

test('a volume whose snapshot somebody reads is not deleted with it, and says so', async () => {
  const { id } = await storage.aVolume()
  const snapshot = await aSnapshot(id)
  const { simulator } = storage.cluster
  simulator.fault({ match: 'SnapshotDelete', kind: 'error', name: 'busy' })

  expect((await storage.call('DELETE', `/volumes/${id}?cascade=true`)).status).toBe(202)

  expect(await storage.show('volume', id)).toMatchObject({ status: 'error_deleting' })
  expect(await storage.show('snapshot', snapshot)).toMatchObject({ status: 'available' })
  const { messages } = (await storage.call('GET', '/messages', undefined, { version: 71 })).body
  expect(messages.map(({ resource_uuid }: any) => resource_uuid)).toEqual(
    expect.arrayContaining([id, snapshot]),
  )
})

test('a revert puts the latest snapshot back, and leaves both available', async () => {
  const { id } = await storage.aVolume()
  const old = await aSnapshot(id)
  const latest = await aSnapshot(id)

  expect((await revert(id, latest, 39)).status).toBe(404)
  expect((await revert(id, old)).status).toBe(400)
  expect((await revert(id, latest)).status).toBe(202)

  expect(await storage.show('volume', id)).toMatchObject({ status: 'available' })
  expect(await storage.show('snapshot', latest)).toMatchObject({ status: 'available' })
  expect(storage.cluster.simulator.volumes.get(nameOf(id))?.parentName).toBe(snapshotNameOf(latest))
})

test('a revert is refused where sizes differ, or where somebody works on the volume or the snapshot', async () => {
  const { id } = await storage.aVolume()
  expect((await revert(id, id)).status).toBe(400)
  const snapshot = await aSnapshot(id)

  await reset(snapshot, 'deleting')
  expect((await revert(id, snapshot)).status).toBe(409)
  await reset(snapshot, 'available')
  await storage.act(id, { 'os-reset_status': { status: 'error' } })
  expect((await revert(id, snapshot)).status).toBe(409)
  await storage.act(id, { 'os-reset_status': { status: 'available' } })
  await storage.act(id, { 'os-extend': { new_size: 2 } })
  const { status, body } = await revert(id, snapshot)
  expect([status, body.badRequest.message]).toEqual([400, expect.stringContaining('size must be equal')])
})

test('a revert that the cluster refuses as the volume is attached leaves all as it was, and a message', async () => {
  const { id } = await storage.aVolume()
  const snapshot = await aSnapshot(id)
  storage.cluster.simulator.fault({ match: 'VolumeRevert', kind: 'error', name: 'busy' })

  expect((await revert(id, snapshot)).status).toBe(202)

  expect(await storage.show('volume', id)).toMatchObject({ status: 'available' })
  expect(await storage.show('snapshot', snapshot)).toMatchObject({ status: 'available' })
  const { messages } = (await storage.call('GET', '/messages', undefined, { version: 71 })).body
  expect(messages[0]).toMatchObject({ resource_uuid: id, resource_type: 'VOLUME' })
})

test('of a revert and the deletion of its snapshot at the same time exactly one wins', async () => {
  for (let round = 0; round < 6; round++) {
    const { id } = await storage.aVolume()
    const snapshot = await aSnapshot(id)

    const both = [() => revert(id, snapshot), () => storage.call('DELETE', `/snapshots/${snapshot}`)]
    const answers = await Promise.all((round % 2 ? both : both.toReversed()).map((one) => one()))
    const [reverted, deleted] = round % 2 ? answers : answers.toReversed()

    const there = await storage.show('snapshot', snapshot)
    expect(await storage.show('volume', id)).toMatchObject({ status: 'available' })
    if (there === undefined) {
      expect(deleted?.status).toBe(202)
      // One after the other is as good.
      expect([202, 400, 409]).toContain(reverted?.status)
    } else {
      expect([reverted?.status, deleted?.status, there.status]).toEqual([202, 400, 'available'])
    }
  }
})

test('a volume that is let go stays on the cluster without our tags, and counts no more', async () => {
  const before = await storage.usage()
  const { id } = await storage.aVolume()
  const snapshot = await aSnapshot(id)

  expect((await storage.act(id, { 'os-unmanage': {} })).status).toBe(400)
  await storage.call('DELETE', `/snapshots/${snapshot}`)
  expect((await storage.act(id, { 'os-unmanage': {} })).status).toBe(202)

  expect(await storage.show('volume', id)).toBeUndefined()
  const left = storage.cluster.simulator.volumes.get(nameOf(id))
  expect(left).toBeDefined()
  expect(left?.tags?.['cl-id']).toBeUndefined()
  expect(await storage.usage()).toEqual(before)
})

test('one that is deleted by force while it is worked on leaves nothing reserved', async () => {
  const before = await storage.usage()
  const { id } = await storage.aVolume()
  const { volumes, quotas, now } = storage.storage()
  const there = (await volumes.get(id))!
  const work = { id: 'extension', since: now(), from: 'available', reserved: true, requestId: 'req-gone' }
  await quotas.reserve(there.project, work.id, { gigabytes: 4 })
  await volumes.replace({
    ...{ ...there, status: 'extending' },
    work: { ...work, action: 'os-extend', input: { new_size: 5 } },
  })

  expect((await storage.act(id, { 'os-force_delete': {} })).status).toBe(202)

  expect(await storage.usage()).toEqual(before)
})
