import { expect, test } from 'vitest'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { TerminateConnection, terminateConnection } from '../../lib/driver/terminate-connection.ts'
import { volumesReassignWait } from '../../lib/storpool/attachments.ts'
import { volumeUpdate } from '../../lib/storpool/volumes.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { aVolume, copyId, nameOf, volumeId } from '../support/makers.ts'

const volume = { id: volumeId }

const connect = (cluster: Cluster, change: Record<string, unknown> = {}) =>
  initializeConnection(
    cluster.backend,
    InitializeConnection.parse({ volume, connector: { host: 'host-1' }, ...change }),
  )
const end = (cluster: Cluster, change: Record<string, unknown> = {}) =>
  terminateConnection(cluster.backend, TerminateConnection.parse({ volume, ...change }))

const withVolume = async () => {
  const cluster = await startCluster()
  const { provider_location } = await createVolume(cluster.backend, { volume: aVolume() })
  cluster.simulator.reset()
  return Object.assign(cluster, { globalId: provider_location })
}
const attached = ({ simulator }: Cluster) =>
  simulator.attachments.map(({ client, rights }) => `${client} ${rights}`).sort()

test('the client id is the registry’s, and a number on the wire', async () => {
  await using cluster = await withVolume()

  await connect(cluster, { connector: { host: 'host-2' } })
  await end(cluster, { connector: { host: 'host-2' } })

  const bodies = cluster.simulator.calls.flatMap(({ call, body }) =>
    call === 'VolumesReassignWait' ? [body] : [],
  )
  expect(bodies).toMatchObject([{ reassign: [{ rw: [2] }] }, { reassign: [{ detach: [2] }] }])
})

test('a volume that was renamed is found by its global id', async () => {
  await using cluster = await withVolume()
  await volumeUpdate(cluster.backend.storpool, nameOf(volumeId), { rename: 'something-else' })
  const known = { volume: { ...volume, provider_location: cluster.globalId } }

  const { data } = await connect(cluster, known)
  expect(data).toMatchObject({ volume: volumeId, globalId: cluster.globalId })
  expect(attached(cluster)).toEqual(['1 rw'])

  await end(cluster, { ...known, connector: { host: 'host-1' } })
  expect(attached(cluster)).toEqual([])
})

test('a host that died loses the volume to the one that takes it over, and to whoever ends its connection', async () => {
  await using cluster = await withVolume()
  await connect(cluster)
  cluster.simulator.setKnobs({ missingClients: [1] })

  await connect(cluster, { connector: { host: 'host-2' }, exclusive: true })
  expect(attached(cluster)).toEqual(['2 rw'])

  cluster.simulator.setKnobs({ missingClients: [2] })
  await end(cluster, { connector: { host: 'host-2' } })
  expect(attached(cluster)).toEqual([])
})

test('a connection is ended of what bears the name now, though names were swapped by Cinder’s own driver', async () => {
  await using cluster = await withVolume()
  const { backend } = cluster
  const other = await createVolume(backend, { volume: { id: copyId, size: 1 } })
  await connect(cluster)
  await volumeUpdate(backend.storpool, nameOf(volumeId), { rename: 'between' })
  await volumeUpdate(backend.storpool, nameOf(copyId), { rename: nameOf(volumeId) })
  await volumesReassignWait(backend.storpool, { reassign: [{ volume: nameOf(volumeId), rw: [1] }] })

  await end(cluster, { connector: { host: 'host-1' } })
  expect(cluster.simulator.attachments.map(({ globalId }) => globalId)).not.toContain(other.provider_location)

  await volumeUpdate(backend.storpool, nameOf(volumeId), { rename: 'gone' })
  await end(cluster)
  expect(attached(cluster)).toEqual([])
})

test('an open device is asked for once, and never by force', async () => {
  await using cluster = await withVolume()
  await connect(cluster)
  cluster.simulator.openDevice(1, cluster.globalId)
  cluster.simulator.reset()

  await expect(end(cluster)).rejects.toMatchObject({ name: 'VolumeIsBusy' })

  const asked = cluster.simulator.calls.filter(({ call }) => call === 'VolumesReassignWait')
  expect(asked).toHaveLength(1)
  expect(JSON.stringify(asked)).not.toContain('force')
})

test('a lost request to leave a host less is not taken for one that was carried out', async () => {
  await using cluster = await withVolume()
  const writer = await connect(cluster, { instance: 'writer' })
  await connect(cluster, { instance: 'reader', mode: 'ro' })
  cluster.simulator.fault({ match: 'VolumesReassignWait', kind: 'reset', times: 1 })
  const { attachmentId } = writer.data

  await expect(end(cluster, { attachmentId })).rejects.toMatchObject({ mayHaveHappened: true })
  expect(attached(cluster)).toEqual(['1 rw'])

  await end(cluster, { attachmentId })
  expect(attached(cluster)).toEqual(['1 ro'])
})
