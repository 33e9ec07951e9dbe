import { describe, expect, test } from 'vitest'
import { create, get, must, post, refusal, snapshots, start, until } from './support.ts'

const snapshot = (target: Parameters<typeof post>[0], volume: string, body: object = {}) =>
  must(post(target, `VolumeSnapshot/${volume}`, body))

describe('a snapshot', () => {
  test('comes between the volume and its parent, without the volume’s tags', async () => {
    await using cluster = await start()
    await create(cluster, 'a', { tags: { cs: 'x' } })
    await snapshot(cluster, 'a', { name: 's1' })
    await snapshot(cluster, 'a', { name: 's2', tags: { t: '1' } })

    expect(cluster.volumes.get('a')).toMatchObject({ parentName: 's2', tags: { cs: 'x' } })
    expect(cluster.snapshots.get('s2')).toMatchObject({ parentName: 's1', onVolume: 'a', tags: { t: '1' } })
    expect(cluster.snapshots.get('s1')).not.toHaveProperty('tags')
    const chain = await must(get(cluster, 'VolumeListSnapshots/a'))
    expect(chain.map(({ name }: { name: string }) => name)).toEqual(['s2', 's1'])
  })

  test('without a name gets one, and its global id says which it is', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    const { autoName, snapshotGlobalId } = await snapshot(cluster, 'a')

    expect(autoName).toMatch(/^a@\d+$/)
    expect(await must(get(cluster, `Snapshot/~${snapshotGlobalId}`))).toMatchObject([
      { name: autoName, autoName: true },
    ])
  })

  test('deleted frees its name at once and is listed with a star for a while', async () => {
    await using cluster = await start()
    cluster.setKnobs({ snapshotDeleteDelayMs: 300 })
    await create(cluster, 'a')
    const { snapshotGlobalId } = await snapshot(cluster, 'a', { name: 's' })
    await must(post(cluster, 'SnapshotDelete/s'))

    expect(await snapshots(cluster)).toMatchObject([{ name: '*s', deleted: true, deleteBlocked: 'pending' }])
    expect(cluster.snapshots.size).toBe(0)
    expect(await refusal(get(cluster, 'Snapshot/s'))).toBe('objectDoesNotExist')
    expect(await refusal(post(cluster, 'VolumeCreate', { parent: `~${snapshotGlobalId}` }))).toBe(
      'objectDoesNotExist',
    )
    await snapshot(cluster, 'a', { name: 's' })
    await until(async () => (await snapshots(cluster)).length === 1)
    expect(cluster.volumes.get('a')?.parentName).toBe('s')
    expect(cluster.snapshots.get('s')?.parentName).toBe('')
  })

  test('deleted with several children stays until one is left', async () => {
    await using cluster = await start()
    cluster.setKnobs({ snapshotDeleteDelayMs: 0 })
    await create(cluster, 'a')
    await snapshot(cluster, 'a', { name: 's' })
    await must(post(cluster, 'VolumeCreate', { name: 'b', parent: 's' }))
    await must(post(cluster, 'SnapshotDelete/s'))

    expect(await snapshots(cluster)).toMatchObject([{ name: '*s', deleteBlocked: 'multiple children' }])
    await must(post(cluster, 'VolumeDelete/b'))
    await until(async () => (await snapshots(cluster)).length === 0)
    expect(cluster.volumes.get('a')?.parentName).toBe('')
  })

  test('with clones is refused to be deleted where the knob says so', async () => {
    await using cluster = await start()
    cluster.setKnobs({ snapshotDeleteWithChildren: 'busy' })
    await create(cluster, 'a')
    await snapshot(cluster, 'a', { name: 's' })
    await must(post(cluster, 'VolumeCreate', { name: 'b', parent: 's' }))
    expect(await refusal(post(cluster, 'SnapshotDelete/s'))).toBe('busy')
    await must(post(cluster, 'VolumeDelete/b'))
    await must(post(cluster, 'SnapshotDelete/s'))
  })

  test('that is bound goes with its last child', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    await snapshot(cluster, 'a', { name: 's', bind: true })
    await must(post(cluster, 'VolumeCreate', { name: 'b', parent: 's' }))
    await must(post(cluster, 'VolumeDelete/a'))
    expect(cluster.snapshots.get('s')?.bound).toBe(true)
    await must(post(cluster, 'VolumeDelete/b'))

    expect(await snapshots(cluster)).toEqual([])
  })

  test('deletes itself at its date, by the simulator’s clock', async () => {
    let now = 1_800_000_000_000
    await using cluster = await start({ clock: () => now })
    await create(cluster, 'a')
    await snapshot(cluster, 'a', { name: 's', deleteAfter: 60 })
    await snapshot(cluster, 'a', { name: 'kept', deleteAfter: 60 })
    await must(post(cluster, 'SnapshotUpdate/kept', { deleteAfter: 0 }))
    expect(cluster.snapshots.get('s')?.targetDeleteDate).toBe(1_800_000_060)
    expect(await refusal(post(cluster, 'VolumeSnapshot/a', { targetDeleteDate: 1_700_000_000 }))).toBe(
      'invalidParam',
    )
    now += 61_000

    expect(await refusal(get(cluster, 'Snapshot/s'))).toBe('objectDoesNotExist')
    expect([...cluster.snapshots.keys()]).toEqual(['kept'])
  })

  test('of a group is of all volumes or of none', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    await create(cluster, 'b')
    await snapshot(cluster, 'b', { name: 'taken' })
    const volumes = [
      { volume: 'a', name: 'x' },
      { volume: 'b', name: 'taken' },
    ]
    expect(await refusal(post(cluster, 'VolumesGroupSnapshot', { volumes }))).toBe('objectExists')
    expect([...cluster.snapshots.keys()]).toEqual(['taken'])
    const { snapshots: made } = await must(
      post(cluster, 'VolumesGroupSnapshot', {
        volumes: [{ volume: 'a', name: 'x' }, { volume: 'b' }],
        tags: { g: '1' },
      }),
    )

    expect(made.map(({ snapshot: name }: { snapshot: string }) => cluster.snapshots.get(name)?.tags)).toEqual(
      [{ g: '1' }, { g: '1' }],
    )
  })

  test('renamed onto a volume’s name is refused', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    await snapshot(cluster, 'a', { name: 's' })

    expect(await refusal(post(cluster, 'SnapshotUpdate/s', { rename: 'a' }))).toBe('objectExists')
  })
})

describe('a volume', () => {
  test('reverted is a child of the snapshot, at its own size, with its template’s limits', async () => {
    await using cluster = await start()
    await create(cluster, 'a', { size: 1024 })
    await snapshot(cluster, 'a', { name: 's1' })
    await snapshot(cluster, 'a', { name: 's2' })
    await must(post(cluster, 'VolumeUpdate/a', { size: 2048, iops: 7 }))
    await must(post(cluster, 'VolumeRevert/a', { toSnapshot: 's1' }))
    expect(cluster.volumes.get('a')).toMatchObject({ parentName: 's1', size: 2048, iops: '-' })
    expect(cluster.snapshots.get('s2')).toMatchObject({ parentName: 's1' })
    await must(post(cluster, 'VolumeRevert/a', { toSnapshot: 's2', revertSize: true }))
    expect(cluster.volumes.get('a')).toMatchObject({ parentName: 's2', size: 1024 })
  })

  test('is rebased onto another ancestor or onto none, and onto nothing else', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    await create(cluster, 'b')
    await snapshot(cluster, 'a', { name: 's1' })
    await snapshot(cluster, 'a', { name: 's2' })
    await snapshot(cluster, 'b', { name: 'stranger' })
    expect(await refusal(post(cluster, 'VolumeRebase/a', { parentName: 'stranger' }))).toBe('invalidParam')
    await must(post(cluster, 'VolumeRebase/a', { parentName: 's1' }))
    expect(cluster.volumes.get('a')?.parentName).toBe('s1')
    await must(post(cluster, 'VolumeRebase/a'))
    expect(cluster.volumes.get('a')?.parentName).toBe('')
  })

  test('frozen is a snapshot of the same name and global id', async () => {
    await using cluster = await start()
    const { globalId } = await create(cluster, 'a')
    await must(post(cluster, 'VolumeFreeze/a'))

    expect(cluster.volumes.size).toBe(0)
    expect(cluster.snapshots.get('a')?.globalId).toBe(globalId)
  })
})
