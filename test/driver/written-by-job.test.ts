import { expect, test } from 'vitest'
import { attach } from '../../lib/driver/attach.ts'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { volumeSummary } from '../../lib/storpool/volumes.ts'
import { startCluster } from '../support/cluster.ts'
import { aVolume, nameOf, volumeId } from '../support/makers.ts'

const asked = (more: object = {}) =>
  InitializeConnection.parse({ volume: { id: volumeId }, connector: { host: 'host-2' }, ...more })

/** A volume that a job has attached to host-1. */
const withJob = async (mode: 'rw' | 'ro') => {
  const cluster = await startCluster()
  await createVolume(cluster.backend, { volume: aVolume() })
  const volume = await volumeSummary(cluster.backend.storpool, nameOf(volumeId))
  const host = { name: 'host-1', clientId: 1 }
  await attach(cluster.backend, { volume, host, mode, id: 'job:7', instance: 'job:7', others: 'refuse' })
  return cluster
}

test('a volume that a job writes is refused to others, and the job is named', async () => {
  await using cluster = await withJob('rw')

  await expect(initializeConnection(cluster.backend, asked())).rejects.toMatchObject({
    name: 'VolumeIsBusy',
    message: expect.stringContaining('job:7'),
  })

  expect(cluster.simulator.attachments).toMatchObject([{ client: 1 }])
})

test('it can be taken from the job by whoever asks for it alone', async () => {
  await using cluster = await withJob('rw')

  await initializeConnection(cluster.backend, asked({ exclusive: true }))

  expect(cluster.simulator.attachments).toMatchObject([{ client: 2 }])
})

test('what a job only reads, others may have too', async () => {
  await using cluster = await withJob('ro')

  await initializeConnection(cluster.backend, asked())

  expect(cluster.simulator.attachments).toHaveLength(2)
})
