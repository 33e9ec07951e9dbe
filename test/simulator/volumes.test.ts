import { describe, expect, test } from 'vitest'
import { create, GiB, get, must, post, refusal, start } from './support.ts'

describe('a new volume', () => {
  test('has the template asked for, its own global id, and no clock but its own', async () => {
    await using cluster = await start({ clock: () => 1_800_000_000_000 })
    const made = await create(cluster, 'a', { size: GiB, template: 'hybrid', tags: { cs: 'x' }, iops: 100 })
    const [volume] = await must(get(cluster, 'MultiCluster/Volume/a'))

    expect(volume).toMatchObject({
      name: 'a',
      globalId: made.globalId,
      size: GiB,
      templateName: 'hybrid',
      placeAll: 'hdd',
      placeTail: 'ssd',
      replication: 3,
      iops: 100,
      bw: '-',
      tags: { cs: 'x' },
      creationTimestamp: 1_800_000_000,
      parentName: '',
    })
    expect(await must(get(cluster, `Volume/~${made.globalId}`))).toMatchObject([{ name: 'a' }])
  })

  test('needs no name: it is called by its global id then', async () => {
    await using cluster = await start()
    const made = await must(post(cluster, 'VolumeCreate', { name: '', size: 512, tags: '' }))

    expect(made.name).toBe(`~${made.globalId}`)
    expect(await must(get(cluster, `Volume/${made.name}`))).toMatchObject([{ name: made.name }])
  })

  test.each([
    ['a taken name', { name: 'a', size: 512 }, 'objectExists'],
    ['the name of a snapshot', { name: 's', size: 512 }, 'objectExists'],
    ['an unknown template', { name: 'b', size: 512, template: 'gold' }, 'objectDoesNotExist'],
    ['an unknown parent', { name: 'b', parent: 'none' }, 'objectDoesNotExist'],
    ['a volume as parent', { name: 'b', parent: 'a' }, 'objectDoesNotExist'],
    ['parent and baseOn at once', { name: 'b', parent: 's', baseOn: 'a' }, 'invalidParam'],
    ['a size below the parent’s', { name: 'b', parent: 's', size: 512 }, 'invalidParam'],
    ['an unknown placement group', { name: 'b', size: 512, placeAll: 'tape' }, 'objectDoesNotExist'],
  ])('is refused with %s', async (_, body, error) => {
    await using cluster = await start()
    await create(cluster, 'a')
    await must(post(cluster, 'VolumeSnapshot/a', { name: 's' }))

    expect(await refusal(post(cluster, 'VolumeCreate', body))).toBe(error)
  })

  test('of a parent has its size and template, or those asked for', async () => {
    await using cluster = await start()
    await create(cluster, 'a', { size: GiB, template: 'hdd' })
    await must(post(cluster, 'VolumeSnapshot/a', { name: 's' }))
    await must(post(cluster, 'VolumeCreate', { name: 'same', parent: 's' }))
    await must(post(cluster, 'VolumeCreate', { name: 'other', parent: 's', size: 2 * GiB, template: 'ssd' }))

    expect(cluster.volumes.get('same')).toMatchObject({ size: GiB, templateName: 'hdd', parentName: 's' })
    expect(cluster.volumes.get('other')).toMatchObject({
      size: 2 * GiB,
      templateName: 'ssd',
      placeAll: 'ssd',
    })
  })

  test('of a volume leaves a transient snapshot between, gone when both are', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    const { autoName } = await must(post(cluster, 'VolumeCreate', { name: 'b', baseOn: 'a' }))

    expect(cluster.snapshots.get(autoName)).toMatchObject({ transient: true, autoName: true })
    expect(cluster.volumes.get('a')).toMatchObject({ parentName: autoName })
    expect(cluster.volumes.get('b')).toMatchObject({ parentName: autoName })
    await must(post(cluster, 'VolumeDelete/a'))
    await must(post(cluster, 'VolumeDelete/b'))
    expect(cluster.snapshots.size).toBe(0)
  })

  test('smaller than its parent grows to it where the knob says so', async () => {
    await using cluster = await start()
    cluster.setKnobs({ childSmallerThanParent: 'grow' })
    await create(cluster, 'a')
    await must(post(cluster, 'VolumeSnapshot/a', { name: 's' }))
    await must(post(cluster, 'VolumeCreate', { name: 'b', parent: 's', size: 512 }))

    expect(cluster.volumes.get('b')?.size).toBe(cluster.volumes.get('a')?.size)
  })
})

describe('an update', () => {
  test('renames: the global id stays, the old name is free, a taken one is refused', async () => {
    await using cluster = await start()
    const { globalId } = await create(cluster, 'a')
    await create(cluster, 'b')

    expect(await refusal(post(cluster, 'VolumeUpdate/a', { rename: 'b' }))).toBe('objectExists')
    await must(post(cluster, 'VolumeUpdate/a', { rename: 'a' }))
    await must(post(cluster, `VolumeUpdate/~${globalId}`, { rename: 'c' }))
    await create(cluster, 'a')
    expect(cluster.volumes.get('c')?.globalId).toBe(globalId)
    await must(post(cluster, 'VolumeUpdate/c', { rename: '' }))
    expect(cluster.volumes.get(`~${globalId}`)?.name).toBe(`~${globalId}`)
  })

  test('grows, and shrinks only when told that it may', async () => {
    await using cluster = await start()
    await create(cluster, 'a', { size: GiB })
    await must(post(cluster, 'VolumeUpdate/a', { size: 2 * GiB }))
    await must(post(cluster, 'VolumeUpdate/a', { sizeAdd: 512 }))
    expect(cluster.volumes.get('a')?.size).toBe(2 * GiB + 512)
    expect(await refusal(post(cluster, 'VolumeUpdate/a', { size: GiB }))).toBe('invalidParam')
    await must(post(cluster, 'VolumeUpdate/a', { size: GiB, shrinkOk: true }))
    expect(cluster.volumes.get('a')?.size).toBe(GiB)
  })

  test('merges tags, removes those that are set to nothing, or replaces all of them', async () => {
    await using cluster = await start()
    await create(cluster, 'a', { tags: { one: '1', two: '2' } })
    await must(post(cluster, 'VolumeUpdate/a', { tags: { two: '', three: '3' } }))
    expect(cluster.volumes.get('a')?.tags).toEqual({ one: '1', three: '3' })
    cluster.setKnobs({ tagsMode: 'replace' })
    await must(post(cluster, 'VolumeUpdate/a', { tags: { four: '4' } }))
    expect(cluster.volumes.get('a')?.tags).toEqual({ four: '4' })
  })

  test('to another template takes what that says, and a limit given at once wins', async () => {
    await using cluster = await start()
    await create(cluster, 'a', { template: 'hybrid' })
    await must(post(cluster, 'VolumeUpdate/a', { template: 'ssd', bw: 1000 }))

    expect(cluster.volumes.get('a')).toMatchObject({
      templateName: 'ssd',
      placeAll: 'ssd',
      bw: 1000,
      iops: '-',
    })
  })

  test('that is refused in one member changes none', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    const before = cluster.state()
    await post(cluster, 'VolumeUpdate/a', { rename: 'b', tags: { x: 'y' }, template: 'gold' })

    expect(cluster.state()).toEqual(before)
  })
})

describe('a template', () => {
  test('changed with propagate changes its volumes, but not what was set for one of them', async () => {
    await using cluster = await start()
    await must(
      post(cluster, 'VolumeTemplateCreate', { name: 'gold', placeAll: 'ssd', replication: 2, size: GiB }),
    )
    await must(post(cluster, 'VolumeCreate', { name: 'a', template: 'gold' }))
    await must(post(cluster, 'VolumeCreate', { name: 'b', template: 'gold', iops: 5 }))
    await must(post(cluster, 'VolumeTemplateUpdate/gold', { iops: 9 }))
    expect(cluster.volumes.get('a')).toMatchObject({ size: GiB, replication: 2, iops: '-' })
    await must(post(cluster, 'VolumeTemplateUpdate/gold', { rename: 'silver', propagate: true }))

    expect(cluster.volumes.get('a')).toMatchObject({ templateName: 'silver', iops: 9 })
    expect(cluster.volumes.get('b')).toMatchObject({ templateName: 'silver', iops: 5 })
    expect(await refusal(post(cluster, 'VolumeTemplateDelete/silver'))).toBe('busy')
  })

  test('given at the start stands instead of the usual three', async () => {
    await using cluster = await start({ templates: ['nvme', 'hdd'] })
    const list = await must(get(cluster, 'VolumeTemplatesList'))

    expect(list.map(({ name }: { name: string }) => name)).toEqual(['nvme', 'hdd'])
  })
})
