import { expect, test } from 'vitest'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { asCinder, getVolumeStats, measureVolumeStats } from '../../lib/driver/get-volume-stats.ts'
import { clusterHealth } from '../../lib/stats/health.ts'
import { publishVolumeStats } from '../../lib/stats/publish.ts'
import { getStats } from '../../lib/stats/read.ts'
import { statsHistory } from '../../lib/store/stats.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { aVolume } from '../support/makers.ts'

const GiB = 1024 ** 3

const publishing = (cluster: Cluster, at: string, backends = ['default']) => {
  const published: string[] = []
  const failed: string[] = []
  return {
    published,
    failures: failed,
    to: {
      backends,
      history: statsHistory(cluster.table),
      backend: async (name: string) => {
        if (name !== 'default') throw new Error('away')
        return cluster.backend
      },
      publish: ({ backend }: { backend: string }) => published.push(backend),
      now: () => at,
      failed: (name: string) => failed.push(name),
    },
  }
}

test('per template what StorPool says, in two calls, and templates that share disks are one group', async () => {
  await using cluster = await startCluster({ defaultTemplate: 'ssd' })
  await createVolume(cluster.backend, {
    volume: aVolume({ size: 3, volume_type: { extra_specs: { storpool_template: 'hybrid' } } }),
  })
  cluster.simulator.reset()

  const { pools } = await measureVolumeStats(cluster.backend)

  expect(cluster.simulator.calls.map(({ call }) => call).sort()).toEqual([
    'DisksList',
    'VolumeTemplatesStatus',
  ])
  const pool = (name: string) => pools.find(({ pool_name }) => pool_name === name)
  expect(pool('template_hybrid')).toMatchObject({ provisioned_capacity_gb: 3 })
  expect(new Set(['hybrid', 'ssd', 'hdd'].map((name) => pool(`template_${name}`)?.disk_group)).size).toBe(1)
  expect(pool('default')).toMatchObject({ total_capacity_gb: pool('template_ssd')?.total_capacity_gb })
})

test('without a default template the default pool has no figures rather than a sum', async () => {
  await using cluster = await startCluster()

  expect((await measureVolumeStats(cluster.backend)).pools[0]).toMatchObject({
    pool_name: 'default',
    free_capacity_gb: 'unknown',
  })
})

test.each([
  [3, 5.8181],
  [2, 8.7272],
])('beside them stand Cinder’s own figures by its arithmetic, at %i copies', (replication, free) => {
  const up = {
    generationLeft: -1,
    agCount: 14,
    agFree: 12,
    serverId: 1,
    ssd: true,
    softEject: 'off' as const,
  }
  const disks = [1, 2, 3].map((id) => ({ id, ...up }))

  const figures = asCinder([...disks, { ...up, id: 4, generationLeft: 9 }], replication)

  expect(figures.total_capacity_gb).toBe(21)
  expect(figures.free_capacity_gb).toBeCloseTo(free, 3)
})

test('a sample is kept each time; the newest answers without refresh, and the hour is listed', async () => {
  await using cluster = await startCluster()
  const history = statsHistory(cluster.table)
  const now = '2026-11-22T12:00:00.000Z'
  expect(await getStats(history, { backend: 'default' }, now)).toEqual({
    backend: 'default',
    newest: null,
    lastHour: [],
  })
  for (const minute of ['10:59', '11:30', '11:59']) {
    const { to } = publishing(cluster, `2026-11-22T${minute}:00.000Z`)
    expect(await publishVolumeStats(to)).toEqual({ published: 1, failed: 0 })
  }

  const { newest, lastHour } = await getStats(history, { backend: 'default' }, now)

  expect(newest?.at).toBe('2026-11-22T11:59:00.000Z')
  expect(lastHour.map(({ at }) => at.slice(11, 16))).toEqual(['11:30', '11:59'])
  cluster.simulator.reset()
  const sampled = { ...cluster.backend, lastStats: async () => (await history.newest('default'))?.stats }
  expect(await getVolumeStats(sampled, { refresh: false })).toEqual(newest?.stats)
  expect(cluster.simulator.calls).toHaveLength(0)
  await getVolumeStats(sampled, { refresh: true })
  expect(cluster.simulator.calls).toHaveLength(2)
})

test('the hour of a cluster with many templates is whole, though it is more than one answer of the table', async () => {
  await using cluster = await startCluster()
  const history = statsHistory(cluster.table)
  const stats = await measureVolumeStats(cluster.backend)
  const pools = Array.from({ length: 300 }, () => stats.pools[0]!)
  const minutes = Array.from({ length: 60 }, (_, n) => `2026-11-22T11:${String(n).padStart(2, '0')}:01.000Z`)
  // One by one: a slow machine has each of them answered in time.
  for (const at of minutes) await history.keep({ backend: 'default', at, stats: { ...stats, pools } })

  const { lastHour } = await getStats(history, { backend: 'default' }, '2026-11-22T12:00:00.000Z')

  expect(lastHour.map(({ at }) => at)).toEqual(minutes)
})

test('a backend that is away does not keep the others from being published', async () => {
  await using cluster = await startCluster()
  const both = publishing(cluster, '2026-11-22T12:00:00.000Z', ['default', 'far'])

  expect(await publishVolumeStats(both.to)).toEqual({ published: 1, failed: 1 })
  expect([both.published, both.failures]).toEqual([['default'], ['far']])

  await expect(publishVolumeStats(publishing(cluster, '2026', ['far']).to)).rejects.toThrow('far')
})

test('health is what ServicesList says, with the hosts that are down by name', async () => {
  await using cluster = await startCluster()
  expect(await clusterHealth(cluster.backend)).toMatchObject({
    healthy: true,
    clusterStatus: 'running',
    services: { client: { running: 16, of: 16 } },
    down: [],
  })

  cluster.simulator.setKnobs({ missingClients: [2] })
  expect(await clusterHealth(cluster.backend)).toMatchObject({ healthy: true, down: ['client 2 (host-2)'] })
})

test('provisioned bytes follow the volumes', async () => {
  await using cluster = await startCluster({ templates: ['one'] })
  const provisioned = async () =>
    (await measureVolumeStats(cluster.backend)).pools.find(({ pool_name }) => pool_name === 'template_one')
      ?.provisioned_capacity_gb
  expect(await provisioned()).toBe(0)
  const volume_type = { extra_specs: { storpool_template: 'one' } }
  await createVolume(cluster.backend, { volume: aVolume({ size: 5, volume_type }) })

  expect(await provisioned()).toBe((5 * GiB) / GiB)
})
