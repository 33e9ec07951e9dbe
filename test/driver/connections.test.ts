import { beforeEach, describe, expect, test } from 'vitest'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { deleteVolume } from '../../lib/driver/delete-volume.ts'
import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { TerminateConnection, terminateConnection } from '../../lib/driver/terminate-connection.ts'
import { volumesReassignWait } from '../../lib/storpool/attachments.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { aVolume, nameOf, volumeId } from '../support/makers.ts'

const volume = { id: volumeId }

const connect = (cluster: Cluster, change: Record<string, unknown> = {}) =>
  initializeConnection(
    cluster.backend,
    InitializeConnection.parse({ volume, connector: { host: 'host-1' }, ...change }),
  )
const end = (cluster: Cluster, change: Record<string, unknown> = {}) =>
  terminateConnection(cluster.backend, TerminateConnection.parse({ volume, ...change }))

const attached = (cluster: Cluster) =>
  cluster.simulator.attachments.map(({ client, rights }) => `${client} ${rights}`).sort()

const withVolume = async () => {
  const cluster = await startCluster()
  const { provider_location } = await createVolume(cluster.backend, { volume: aVolume() })
  cluster.simulator.reset()
  const page = () => cluster.backend.attachments.read(provider_location)
  return Object.assign(cluster, { globalId: provider_location, page })
}

describe('a connection', () => {
  test('is attached in two calls, and described as os-brick wants it', async () => {
    await using cluster = await withVolume()

    const info = await connect(cluster)

    expect(info).toEqual({
      driver_volume_type: 'storpool',
      data: {
        client_id: 1,
        volume: volumeId,
        access_mode: 'rw',
        globalId: cluster.globalId,
        attachmentId: expect.any(String),
        generation: 1,
      },
    })
    expect(attached(cluster)).toEqual(['1 rw'])
    expect(cluster.simulator.calls.map(({ call }) => call)).toEqual(['Volume', 'VolumesReassignWait'])
  })

  test('asked for again keeps its id and generation', async () => {
    await using cluster = await withVolume()
    const first = await connect(cluster)

    expect(await connect(cluster)).toEqual(first)
  })

  test.each([{ mode: 'ro' }, { connector: { host: 'host-1', mode: 'ro' } }])(
    'is read-only when asked for so: %o',
    async (asked) => {
      await using cluster = await withVolume()

      const info = await connect(cluster, asked)

      expect(info.data.access_mode).toBe('ro')
      expect(attached(cluster)).toEqual(['1 ro'])
    },
  )

  test('is made beside another unless exclusive was asked for', async () => {
    await using cluster = await withVolume()
    await connect(cluster)

    await connect(cluster, { connector: { host: 'host-2' } })
    expect(attached(cluster)).toEqual(['1 rw', '2 rw'])

    await connect(cluster, { connector: { host: 'host-2' }, exclusive: true })
    expect(attached(cluster)).toEqual(['2 rw'])
    expect(Object.values((await cluster.page()).attachments).map(({ host }) => host)).toEqual(['host-2'])
  })

  test('needs a host that is known, by name', async () => {
    await using cluster = await withVolume()

    await expect(connect(cluster, { connector: { host: 'nowhere' } })).rejects.toMatchObject({
      name: 'UnknownHost',
      message: expect.stringContaining('nowhere'),
      remedy: expect.stringContaining('host-1'),
    })
    expect(cluster.simulator.calls).toHaveLength(0)
  })

  test('to a host without a running client leaves nothing in the book', async () => {
    await using cluster = await withVolume()
    cluster.simulator.setKnobs({ missingClients: [1] })

    const early = initializeConnection(
      cluster.within(3_500),
      InitializeConnection.parse({ volume, connector: { host: 'host-1' } }),
    )

    await expect(early).rejects.toMatchObject({ name: 'HostNotReady' })
    expect((await cluster.page()).attachments).toEqual({})
  })

  test('that StorPool refuses does not take away an earlier one', async () => {
    await using cluster = await withVolume()
    await connect(cluster)
    cluster.simulator.fault({ match: 'VolumesReassignWait', kind: 'error', name: 'invalidParam', times: 1 })

    await expect(connect(cluster)).rejects.toThrow()
    expect(Object.values((await cluster.page()).attachments)).toMatchObject([
      { host: 'host-1', state: 'attached' },
    ])
  })
})

describe('ending a connection', () => {
  test('is one call, as the book knows whose name it is', async () => {
    await using cluster = await withVolume()
    await connect(cluster)
    cluster.simulator.reset()

    await end(cluster, { connector: { host: 'host-1' } })

    expect(cluster.simulator.calls.map(({ call }) => call)).toEqual(['VolumesReassignWait'])
    expect(attached(cluster)).toEqual([])
  })

  test('of a volume that took over the name of a deleted one ends that volume’s', async () => {
    await using cluster = await withVolume()
    await connect(cluster)
    await end(cluster)
    await deleteVolume(cluster.backend, { volume })
    await createVolume(cluster.backend, { volume: aVolume() })
    await volumesReassignWait(cluster.backend.storpool, { reassign: [{ volume: nameOf(volumeId), rw: [1] }] })

    await end(cluster, { connector: { host: 'host-1' } })

    expect(attached(cluster)).toEqual([])
  })

  test('detaches the host it names and no other', async () => {
    await using cluster = await withVolume()
    await connect(cluster)
    await connect(cluster, { connector: { host: 'host-2' } })

    await end(cluster, { connector: { host: 'host-1' } })

    expect(attached(cluster)).toEqual(['2 rw'])
  })

  test('without a connector ends all', async () => {
    await using cluster = await withVolume()
    await connect(cluster)
    await connect(cluster, { connector: { host: 'host-2' } })

    await end(cluster)

    expect(attached(cluster)).toEqual([])
    expect((await cluster.page()).attachments).toEqual({})
  })

  test('of one instance leaves the host its volume while another instance uses it', async () => {
    await using cluster = await withVolume()
    const one = await connect(cluster, { instance: 'one' })
    const two = await connect(cluster, { instance: 'two', mode: 'ro' })
    expect(one.data.attachmentId).not.toBe(two.data.attachmentId)

    await end(cluster, { attachmentId: one.data.attachmentId, generation: one.data.generation })
    expect(attached(cluster)).toEqual(['1 ro'])

    await end(cluster, { attachmentId: two.data.attachmentId })
    expect(attached(cluster)).toEqual([])
  })

  test('by a caller that is late touches nothing', async () => {
    await using cluster = await withVolume()
    const early = await connect(cluster)
    await end(cluster)
    const { data } = await connect(cluster)
    expect(data.generation).toBeGreaterThan(early.data.generation)

    const late = end(cluster, { attachmentId: data.attachmentId, generation: early.data.generation })

    await expect(late).rejects.toMatchObject({ name: 'StaleGeneration' })
    expect(attached(cluster)).toEqual(['1 rw'])
  })

  test('of a device that is open is refused, and nothing changes', async () => {
    await using cluster = await withVolume()
    await connect(cluster)
    const close = cluster.simulator.openDevice(1, cluster.globalId)

    await expect(end(cluster)).rejects.toMatchObject({ name: 'VolumeIsBusy' })
    expect(attached(cluster)).toEqual(['1 rw'])
    expect(Object.values((await cluster.page()).attachments)).toMatchObject([{ state: 'attached' }])

    close()
    await end(cluster)
    expect(attached(cluster)).toEqual([])
  })

  test('may be forced, when asked', async () => {
    await using cluster = await withVolume()
    await connect(cluster)
    cluster.simulator.openDevice(1, cluster.globalId)

    await end(cluster, { force: true })

    expect(attached(cluster)).toEqual([])
  })

  test('of what Cinder attached, or nobody, succeeds', async () => {
    await using cluster = await withVolume()
    await volumesReassignWait(cluster.backend.storpool, { reassign: [{ volume: nameOf(volumeId), rw: [2] }] })

    await end(cluster, { connector: { host: 'host-2' } })
    await end(cluster, { connector: { host: 'host-2' } })
    await end(cluster, { volume: { id: 'gone' } })

    expect(attached(cluster)).toEqual([])
  })
})

describe('races', () => {
  let hosts: string[]
  beforeEach(() => {
    hosts = Array.from({ length: 8 }, (_, n) => `host-${(n % 2) + 1}`)
  })

  test('many at once end as one after the other', async () => {
    await using cluster = await withVolume()

    const made = await Promise.all(
      hosts.map((host, n) => connect(cluster, { connector: { host }, instance: `i${n}` })),
    )

    expect(new Set(made.map(({ data }) => data.generation)).size).toBe(8)
    expect(attached(cluster)).toEqual(['1 rw', '2 rw'])
    await Promise.all(made.map(({ data }) => end(cluster, { attachmentId: data.attachmentId })))
    expect(attached(cluster)).toEqual([])
  })

  test('of attaching and ending never leave StorPool and the book apart', async () => {
    await using cluster = await withVolume()

    for (let round = 0; round < 10; round++) {
      await Promise.allSettled([connect(cluster), end(cluster), connect(cluster)])
      const inBook = Object.values((await cluster.page()).attachments).filter(
        ({ state }) => state === 'attached',
      )
      expect(attached(cluster)).toEqual(inBook.map(({ clientId, mode }) => `${clientId} ${mode}`))
    }
  })
})
