import { afterAll, beforeAll, expect, test } from 'vitest'
import { volumeSnapshot } from '../../lib/storpool/snapshots.ts'
import { volumeCreate } from '../../lib/storpool/volumes.ts'
import type { BlockStorage } from '../../lib/volumes/block-storage.ts'
import { findSnapshot, findVolume } from '../../lib/volumes/find.ts'
import { manageSnapshot, manageVolume } from '../../lib/volumes/manage.ts'
import { type BlockStorageSystem, project, startBlockStorage } from '../support/block-storage.ts'
import { cutAt, LATER_MS } from '../support/cut-storage.ts'
import { nameOf } from '../support/makers.ts'

let system: BlockStorageSystem
beforeAll(async () => {
  system = await startBlockStorage()
})
afterAll(() => system?.[Symbol.asyncDispose]())

const host = 'cinderless@default'
const caller = { user: 'u', project, role: 'admin', isService: false } as const
const texts = { name: null, description: null, metadata: {} }

/** A volume that is nobody's, with a snapshot. @returns their global ids. */
const foreign = async (name: string) => {
  const { storpool } = system.cluster.backend
  const { globalId = '' } = await volumeCreate(storpool, { name, size: 1024 ** 3, replication: 3 })
  const taken = await volumeSnapshot(storpool, name, { name: `${name}-noon`, tags: {} })
  return { volume: globalId, snapshot: taken.snapshotGlobalId ?? '' }
}
const inUse = async () => {
  const { volumes, snapshots, gigabytes } = await system.usage()
  return [volumes, snapshots, gigabytes].map((one) => [one?.in_use, one?.reserved])
}
const there = (globalId: string) =>
  [...system.cluster.simulator.volumes.values(), ...system.cluster.simulator.snapshots.values()].find(
    (one) => one.globalId === globalId,
  )

test('of several calls that manage a volume at once one gets it; the others leave nothing but a record', async () => {
  for (let round = 0; round < 8; round++) {
    const { volume: id } = await foreign(`theirs-${round}`)
    const before = await inUse()
    const ref = { 'source-id': id }

    const answers = await Promise.all(
      [1, 2, 3].map(() => system.call('POST', '/os-volume-manage', { volume: { host, ref } })),
    )

    const ids: string[] = answers.map(({ status, body }) => (status === 202 ? body.volume.id : `${status}`))
    const shown: { id: string; status: string }[] = await Promise.all(
      ids.map((one) => system.show('volume', one)),
    )
    const winners = shown.filter(({ status }) => status === 'available')
    expect(winners).toHaveLength(1)
    expect(shown.map(({ status }) => status).sort()).toEqual([
      'available',
      'error_managing',
      'error_managing',
    ])
    const winner = winners[0]?.id ?? ''
    expect(there(id)).toMatchObject({ name: nameOf(winner), tags: { 'cl-id': winner } })
    for (const one of ids.filter((other) => other !== winner)) {
      const { messages } = (
        await system.call('GET', `/messages?resource_uuid=${one}`, undefined, { version: 71 })
      ).body
      expect(messages[0].user_message).toMatch(/managed/)
      expect((await system.call('DELETE', `/volumes/${one}`)).status).toBe(202)
    }
    expect(there(id)).toBeDefined()
    expect((await system.act(winner, { 'os-unmanage': {} })).status).toBe(202)
    expect(await inUse()).toEqual(before)
  }
})

test('of several calls that manage a snapshot at once one gets it', async () => {
  const { volume, snapshot: id } = await foreign('with-snapshot')
  const managed = await system.call('POST', '/os-volume-manage', {
    volume: { host, ref: { 'source-id': volume } },
  })
  const before = await inUse()
  const snapshot = { volume_id: managed.body.volume.id, ref: { 'source-id': id } }

  const answers = await Promise.all(
    [1, 2, 3].map(() => system.call('POST', '/os-snapshot-manage', { snapshot })),
  )

  const ids: string[] = answers.map(({ body }) => body.snapshot.id)
  const shown: { id: string; status: string }[] = await Promise.all(
    ids.map((one) => system.show('snapshot', one)),
  )
  expect(shown.map(({ status }) => status).sort()).toEqual(['available', 'error', 'error'])
  const winner = shown.find(({ status }) => status === 'available')?.id ?? ''
  expect(there(id)).toMatchObject({ tags: { 'cl-id': winner } })
  for (const one of ids.filter((other) => other !== winner))
    expect((await system.call('DELETE', `/snapshots/${one}`)).status).toBe(202)
  await system.call('POST', `/snapshots/${winner}/action`, { 'os-unmanage': null })
  expect(await inUse()).toEqual(before)
})

test('cut off at any call while another wants the same volume: one has it, and both records say so', async () => {
  let isWhole = false
  for (let n = 0; !isWhole; n++) {
    const { volume: id } = await foreign(`cut-${n}`)
    const asked = { ...texts, host, ref: { 'source-id': id }, type: undefined, bootable: false }
    const before = new Set((await system.storage().volumes.all(project)).map((one) => one.id))
    isWhole = await cutAt(system.storage(), n, (storage) => manageVolume(storage, caller, asked))
    await manageVolume(system.storage(), caller, asked)

    const records = (await system.storage().volumes.all(project)).filter((one) => !before.has(one.id))
    const found = await Promise.all(records.map((one) => findVolume(later(), caller, one.id)))

    const [winner, ...more] = found.filter(({ status }) => status === 'available')
    expect(more, `cut at ${n}`).toEqual([])
    expect(there(id)?.tags?.['cl-id'], `cut at ${n}`).toBe(winner?.id)
    const others = found.filter((one) => one !== winner)
    expect(others.every(({ status }) => status === 'error_managing')).toBe(true)
  }
})

test('a snapshot in the same way', async () => {
  const { volume } = await foreign('cut')
  const asked = { ...texts, host, ref: { 'source-id': volume }, type: undefined, bootable: false }
  const { id: volumeId } = await manageVolume(system.storage(), caller, asked)
  let isWhole = false
  for (let n = 0; !isWhole; n++) {
    const taken = await volumeSnapshot(system.cluster.backend.storpool, `~${volume}`, {
      name: `cut-${n}`,
      tags: {},
    })
    const id = taken.snapshotGlobalId ?? ''
    const asked = { ...texts, volumeId, ref: { 'source-id': id } }
    const before = new Set((await system.storage().snapshots.all(project)).map((one) => one.id))
    isWhole = await cutAt(system.storage(), n, (storage) => manageSnapshot(storage, caller, asked))
    await manageSnapshot(system.storage(), caller, asked)

    const records = (await system.storage().snapshots.all(project)).filter((one) => !before.has(one.id))
    const found = await Promise.all(records.map((one) => findSnapshot(later(), caller, one.id)))

    const [winner, ...more] = found.filter(({ status }) => status === 'available')
    expect(more, `cut at ${n}`).toEqual([])
    expect(there(id)?.tags?.['cl-id'], `cut at ${n}`).toBe(winner?.id)
    expect(found.filter((one) => one !== winner).every(({ status }) => status === 'error')).toBe(true)
  }
})

const later = (): BlockStorage => ({
  ...system.storage(),
  now: () => new Date(Date.now() + LATER_MS).toISOString(),
})
