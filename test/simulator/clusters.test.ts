import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startSimulator } from '../../simulator/server.ts'
import { attachments, create, get, type Json, must, post, reassign, refusal, start } from './support.ts'

const names = (list: Json[]) => list.map(({ name }): string => name).toSorted((a, b) => (a < b ? -1 : 1))

describe('two clusters in one location', () => {
  test('own their objects: one is reached by its name or id, both through the multi-cluster prefix', async () => {
    await using cluster = await start()
    await create(cluster, 'near')
    const made = await must(post(cluster, 'RemoteCommand/beta/VolumeCreate', { name: 'far', size: 512 }))

    expect(names(await must(get(cluster, 'VolumesList')))).toEqual(['near'])
    expect(names(await must(get(cluster, 'RemoteCommand/~sim.b/VolumesList')))).toEqual(['far'])
    expect(await refusal(get(cluster, 'Volume/far'))).toBe('objectDoesNotExist')
    expect(await must(get(cluster, 'MultiCluster/Volume/far'))).toMatchObject([
      { name: 'far', clusterName: 'beta', clusterId: 'sim.b' },
    ])
    expect(made.globalId).toMatch(/^sim\.b\./)
    expect(await must(get(cluster, 'MultiCluster/VolumesList'))).toHaveLength(2)
    expect((await get(cluster, 'Volume/near')).data[0]).not.toHaveProperty('clusterName')
    expect(await refusal(get(cluster, 'RemoteCommand/gamma/VolumesList'))).toBe('objectDoesNotExist')
  })

  test('answer side by side when all are asked', async () => {
    await using cluster = await start()
    await create(cluster, 'near')
    const { clusters } = await must(get(cluster, 'MultiCluster/AllClusters/VolumesSpace'))
    expect(clusters).toMatchObject([
      { clusterName: 'alpha', response: { data: [{ name: 'near' }] } },
      { clusterName: 'beta', response: { data: [] } },
    ])
    const one = await must(get(cluster, 'MultiCluster/AllClusters/Volume/near'))
    expect(one.clusters[1]).toMatchObject({ clusterName: 'beta', error: { name: 'objectDoesNotExist' } })
  })

  test('refuse the prefix for queries that are no multi-cluster ones, unless the knob says otherwise', async () => {
    await using cluster = await start()
    expect(await refusal(get(cluster, 'MultiCluster/DisksList'))).toBe('invalidParam')
    cluster.setKnobs({ multiClusterAny: true })
    expect(await refusal(get(cluster, 'MultiCluster/DisksList'))).toBeUndefined()
  })

  test('hand a volume over: to the client that attaches it, and by a move', async () => {
    await using cluster = await start()
    const far = await must(
      post(cluster, 'RemoteCommand/beta/VolumeCreate', { name: 'far', size: 512, template: 'ssd' }),
    )
    expect(await refusal(reassign(cluster, { volume: 'far', rw: [1] }))).toBe('objectDoesNotExist')
    await must(post(cluster, 'MultiCluster/VolumesReassignWait', { reassign: [{ volume: 'far', rw: [1] }] }))
    expect(await must(get(cluster, 'Volume/far'))).toMatchObject([
      { globalId: far.globalId, templateName: 'ssd' },
    ])
    expect(await attachments(cluster)).toMatchObject([{ volume: 'far', client: 1 }])
    expect(await refusal(post(cluster, 'VolumeMoveToRemote/far', { cluster: 'beta' }))).toBe('busy')
    await must(post(cluster, 'VolumeMoveToRemote/far', { clusterId: 'sim.b', onAttached: 'detach' }))
    expect(names(await must(get(cluster, 'RemoteCommand/beta/VolumesList')))).toEqual(['far'])
    await must(post(cluster, 'MultiCluster/VolumeAcquire/far'))
    expect(names(await must(get(cluster, 'VolumesList')))).toEqual(['far'])
  })
})

test('a backup far away comes back as a snapshot, once', async () => {
  await using cluster = await start()
  await create(cluster, 'a', { tags: { t: '1' } })
  const { remoteId } = await must(
    post(cluster, 'VolumeBackup', { volume: 'a', location: 'far', tags: { day: '1' } }),
  )
  await must(post(cluster, 'VolumeDelete/a'))
  const from = { remoteLocation: 'far', remoteId }
  await must(post(cluster, 'SnapshotFromRemote', { ...from, name: 'back', template: 'hdd' }))

  expect(cluster.snapshots.get('back')).toMatchObject({ templateName: 'hdd' })
  expect(await refusal(post(cluster, 'SnapshotFromRemote', from))).toBe('objectExists')
  const { snapshots } = await must(get(cluster, 'SnapshotsRemoteList'))
  expect(snapshots).toMatchObject([{ remoteId, localSnapshot: 'back', tags: { day: '1' } }])
})

describe('the key-value store', () => {
  test('sets several keys at once, only at the version told', async () => {
    await using cluster = await start()
    await must(post(cluster, 'KV/Create/locks'))
    await must(post(cluster, 'KV/Set/locks', { runIfVersionIs: 0, set: { a: '1', 'b/c': '2' } }))
    expect(await refusal(post(cluster, 'KV/Set/locks', { runIfVersionIs: 0, set: { a: '9' } }))).toBe(
      'runIfVersionIsMismatch',
    )
    expect(await must(get(cluster, 'KV/Get/locks/b%2Fc'))).toMatchObject({ pairs: { 'b/c': '2' } })
    await must(post(cluster, 'KV/Set/locks', { set: { a: '' } }))
    expect(await must(get(cluster, 'KV/List/locks'))).toEqual({
      name: 'locks',
      version: 2,
      pairs: { 'b/c': '2' },
    })
    expect(await must(get(cluster, 'KV'))).toEqual({ buckets: { locks: 2 } })
    await must(post(cluster, 'KV/Delete/locks'))
    expect(await refusal(get(cluster, 'KV/List/locks'))).toBe('objectDoesNotExist')
  })
})

describe('two simulators', () => {
  test('are two locations, whose objects have ids of their own, and neither takes the other’s folder', async () => {
    await using here = await start()
    const data = join(here.data, 'east')
    const east = await startSimulator({ data, location: 'east' })
    const made = { name: 'v', size: 512 }

    expect((await must(post(here, 'VolumeCreate', made))).globalId).toMatch(/^sim\.a\./)
    expect((await must(post(east, 'VolumeCreate', made))).globalId).toMatch(/^east\.a\./)
    await east.close()
    await expect(startSimulator({ data })).rejects.toThrow('it is of cluster east.a')
  })

  test('may keep their devices in one folder: each removes only its own', async () => {
    await using here = await start()
    const devicesOf = (client: number) => here.devicesOf(client)
    const options = { data: join(here.data, 'east'), location: 'east', devicesOf }
    const east = await startSimulator(options)
    const gids: string[] = []
    for (const one of [here, east]) {
      const { globalId } = await must(post(one, 'VolumeCreate', { name: 'v', size: 512 }))
      await must(reassign(one, { volume: 'v', rw: [1] }))
      gids.push(globalId)
    }
    await east.close()
    await using _again = await startSimulator(options)

    expect((await readdir(join(here.devicesOf(1), 'storpool-byid'))).toSorted()).toEqual(gids.toSorted())
  })
})

describe('a fresh cluster', () => {
  test('has six disks of which one is down, and clients 1 to 16', async () => {
    await using cluster = await start()
    const disks: Json[] = Object.values(await must(get(cluster, 'DisksList')))
    const { clusterStatus, clients } = await must(get(cluster, 'ServicesList'))

    expect(disks.map(({ generationLeft }) => generationLeft)).toEqual([-1, -1, -1, -1, -1, 1])
    expect(disks[0]).toHaveProperty('agCount')
    expect(disks[5]).not.toHaveProperty('agCount')
    expect([clusterStatus, Object.keys(clients).length]).toEqual(['running', 16])
  })

  test('places no more copies than it has servers for', async () => {
    await using cluster = await start()
    await must(post(cluster, 'PlacementGroupUpdate/small', { addDisks: ['1', 2] }))
    const places = { placeAll: 'small', placeTail: 'small', placeHead: 'small' }
    const refused = await post(cluster, 'VolumeCreate', { size: 512, ...places, replication: 3 })

    expect(refused.error).toEqual({
      name: 'insufficientResources',
      descr: 'Not enough servers or fault sets for replication 3',
    })
    await must(post(cluster, 'VolumeCreate', { size: 512, ...places, replication: 2 }))
  })
})
