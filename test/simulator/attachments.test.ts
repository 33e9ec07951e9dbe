import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { attachments, create, GiB, get, must, post, reassign, refusal, start, until } from './support.ts'

const links = async (cluster: { devicesOf(client: number): string }, client: number) => ({
  byName: await readdir(join(cluster.devicesOf(client), 'storpool')),
  byId: await readdir(join(cluster.devicesOf(client), 'storpool-byid')),
})

describe('an attached volume', () => {
  test('is a device of its size on that client alone, until it is detached', async () => {
    await using cluster = await start()
    const { globalId } = await create(cluster, 'a', { size: GiB })
    await must(reassign(cluster, { volume: 'a', rw: ['2'] }))

    expect(await attachments(cluster)).toEqual([
      { volume: 'a', snapshot: false, client: 2, rights: 'rw', pos: 0, globalId },
    ])
    expect(await links(cluster, 2)).toEqual({ byName: ['a'], byId: [globalId] })
    expect(await links(cluster, 1)).toEqual({ byName: [], byId: [] })
    const device = join(cluster.devicesOf(2), 'storpool-byid', globalId)
    expect((await stat(device)).size).toBe(GiB)
    await must(post(cluster, 'VolumeUpdate/a', { size: 2 * GiB }))
    expect((await stat(device)).size).toBe(2 * GiB)
    await must(reassign(cluster, { volume: `~${globalId}`, detach: 'all' }))
    expect(await links(cluster, 2)).toEqual({ byName: [], byId: [] })
  })

  test('keeps its link by id and gets a new one by name when it is renamed', async () => {
    await using cluster = await start()
    const { globalId } = await create(cluster, 'a')
    await must(reassign(cluster, { volume: 'a', ro: [1] }))
    await must(post(cluster, 'VolumeUpdate/a', { rename: 'b' }))

    expect(await links(cluster, 1)).toEqual({ byName: ['b'], byId: [globalId] })
  })

  test('is neither deleted nor reverted, unless the delete says to detach', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    await must(post(cluster, 'VolumeSnapshot/a', { name: 's' }))
    await must(reassign(cluster, { volume: 'a', rw: [1] }, { snapshot: 's', ro: [1] }))

    expect(await refusal(post(cluster, 'VolumeDelete/a'))).toBe('busy')
    expect(await refusal(post(cluster, 'VolumeRevert/a', { toSnapshot: 's' }))).toBe('busy')
    expect(await refusal(post(cluster, 'SnapshotDelete/s'))).toBe('busy')
    await must(post(cluster, 'VolumeDelete/a', { onAttached: 'detach' }))
    expect(await attachments(cluster)).toMatchObject([{ volume: 's', snapshot: true, rights: 'ro', pos: 1 }])
    cluster.setKnobs({ deleteKnowsOnAttached: false })
    await create(cluster, 'b')
    expect(await refusal(post(cluster, 'VolumeDelete/b', { onAttached: 'detach' }))).toBe('invalidParam')
  })
})

describe('a reassignment', () => {
  test('said again changes nothing; with other rights it changes those', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    const { generation } = await must(reassign(cluster, { volume: 'a', rw: [1, 3] }))
    expect((await must(reassign(cluster, { volume: 'a', rw: [1, 3] }))).generation).toBe(generation)
    await must(reassign(cluster, { volume: 'a', ro: [1] }, { volume: 'a', detach: [9] }))

    expect(await attachments(cluster)).toMatchObject([
      { client: 1, rights: 'ro' },
      { client: 3, rights: 'rw' },
    ])
  })

  test('takes over in one step: everybody else is out, one is in', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    await must(reassign(cluster, { volume: 'a', rw: [1, 2] }))
    await must(reassign(cluster, { volume: 'a', detach: 'all', rw: [3], force: true }))

    expect(await attachments(cluster)).toMatchObject([{ client: 3, rights: 'rw' }])
  })

  test.each([
    ['an unknown volume', { volume: 'none', rw: [1] }, 'objectDoesNotExist', undefined],
    ['a client nobody registered', { volume: 'b', rw: [65] }, 'invalidParam', 'No such client registered'],
    ['a client beyond all numbers', { volume: 'b', rw: [4096] }, 'invalidParam', undefined],
    ['a snapshot to be written', { snapshot: 's', rw: [1] }, 'invalidParam', undefined],
    ['an open device', { volume: 'b', detach: [2] }, 'busy', 'b is open at client 2'],
  ])('with %s in it does nothing at all', async (_, item, error, descr) => {
    await using cluster = await start()
    await create(cluster, 'a')
    const { globalId } = await create(cluster, 'b')
    await must(post(cluster, 'VolumeSnapshot/a', { name: 's' }))
    await must(reassign(cluster, { volume: 'b', rw: [2] }))
    using _open = { [Symbol.dispose]: cluster.openDevice(2, globalId) }
    const before = cluster.state()
    const reply = await reassign(cluster, { volume: 'a', rw: [1] }, item)

    expect(reply.error).toMatchObject({ name: error, ...(descr === undefined ? {} : { descr }) })
    expect(cluster.state()).toEqual(before)
  })

  test('takes an open device by force, and by itself once it is closed', async () => {
    await using cluster = await start()
    const { globalId } = await create(cluster, 'a')
    await must(reassign(cluster, { volume: 'a', rw: [1, 2] }))
    const close = cluster.openDevice(1, globalId)
    cluster.openDevice(2, globalId)
    cluster.setKnobs({ openError: 'invalidParam' })
    expect(await refusal(reassign(cluster, { volume: 'a', detach: [1] }))).toBe('invalidParam')
    close()
    await must(reassign(cluster, { volume: 'a', detach: [1] }))
    await must(reassign(cluster, { volume: 'a', detach: 'all', force: true }))

    expect(await attachments(cluster)).toEqual([])
  })

  test('is posted as an object, as a bare array, and without waiting', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    await must(post(cluster, 'VolumesReassignWait', [{ volume: 'a', rw: [1] }]))
    await must(post(cluster, 'VolumesReassign', [{ volume: 'a', ro: [2] }]))

    expect(await attachments(cluster)).toHaveLength(2)
    expect(await refusal(post(cluster, 'VolumesReassign', { reassign: [] }))).toBe('invalidParam')
  })

  test('gives positions out in order, the lowest free one first, as many as there are', async () => {
    await using cluster = await start()
    cluster.setKnobs({ maxAttachmentsPerClient: 2 })
    for (const name of ['a', 'b', 'c']) await create(cluster, name)
    await must(reassign(cluster, { volume: 'a', rw: [1] }, { volume: 'b', rw: [1] }))
    expect(await refusal(reassign(cluster, { volume: 'c', rw: [1] }))).toBe('invalidParam')
    await must(reassign(cluster, { volume: 'a', detach: [1] }, { volume: 'c', rw: [1] }))

    expect(await attachments(cluster)).toMatchObject([
      { volume: 'b', pos: 1 },
      { volume: 'c', pos: 0 },
    ])
  })

  test('of a transient snapshot is refused', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    const { autoName } = await must(post(cluster, 'VolumeCreate', { baseOn: 'a' }))

    expect(await refusal(reassign(cluster, { snapshot: autoName, ro: [1] }))).toBe('invalidParam')
  })
})

describe('a client', () => {
  test('that is away is waited for as long as asked, and gets its device when it is back', async () => {
    await using cluster = await start()
    const { globalId } = await create(cluster, 'a')
    cluster.setKnobs({ missingClients: [1] })
    const { clients } = await must(get(cluster, 'ServicesList'))
    expect([clients['1'].status, clients['2'].status]).toEqual(['down', 'running'])
    const refused = await post(cluster, 'VolumesReassignWait', {
      reassign: [{ volume: 'a', rw: [1] }],
      attachTimeout: 1,
    })
    expect(refused.error).toEqual({ name: 'invalidParam', descr: 'No such client registered' })
    await must(
      post(cluster, 'VolumesReassignWait', { reassign: [{ volume: 'a', rw: [1] }], attachTimeout: 0 }),
    )
    expect((await links(cluster, 1)).byId).toEqual([])
    const waiting = reassign(cluster, { volume: 'a', ro: [1] })
    cluster.setKnobs({ missingClients: [] })

    await must(waiting)
    expect((await links(cluster, 1)).byId).toEqual([globalId])
  })

  test('that lags behind shows it, and is waited for by those who ask', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    cluster.setKnobs({ clientLagMs: 200 })
    await must(post(cluster, 'VolumesReassign', [{ volume: 'a', rw: [1] }]))
    const dump = await must(get(cluster, 'ClientsConfigDump'))
    expect(dump[0]).toMatchObject({ id: 1, configStatus: 'updating' })
    expect((await links(cluster, 1)).byName).toEqual([])
    const [one] = await must(get(cluster, 'ClientConfigWait/1'))

    expect(one).toMatchObject({ id: 1, configStatus: 'ok', clientGeneration: one.generation })
    await until(async () => (await links(cluster, 1)).byName.length === 1)
  })
})
