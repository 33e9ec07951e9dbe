import { expect, test } from 'vitest'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { manageExisting } from '../../lib/driver/manage-existing.ts'
import { TerminateConnection, terminateConnection } from '../../lib/driver/terminate-connection.ts'
import { unmanage } from '../../lib/driver/unmanage.ts'
import { updateMigratedVolume } from '../../lib/driver/update-migrated-volume.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { aVolume, copyId, nameOf, volumeId } from '../support/makers.ts'

const volume = { id: volumeId }
const renames: [string, (cluster: Cluster) => Promise<unknown>][] = [
  [
    'a migration',
    ({ backend }) => updateMigratedVolume(backend, { volume: { id: copyId }, new_volume: volume }),
  ],
  [
    'managing it anew',
    async ({ backend }) => {
      await unmanage(backend, { volume })
      const existing_ref = { 'source-name': nameOf(volumeId) }
      await manageExisting(backend, { volume: { id: copyId }, existing_ref })
    },
  ],
]

const attached = async () => {
  const cluster = await startCluster()
  await createVolume(cluster.backend, { volume: aVolume() })
  const connector = { host: 'host-1' }
  await initializeConnection(cluster.backend, InitializeConnection.parse({ volume, connector }))
  return cluster
}

test.each(renames)(
  'ending connections by the name a volume lost in %s leaves it alone',
  async (_, rename) => {
    await using cluster = await attached()
    await rename(cluster)

    await terminateConnection(cluster.backend, TerminateConnection.parse({ volume }))

    expect(cluster.simulator.attachments).toMatchObject([{ volume: nameOf(copyId), client: 1 }])
  },
)

test.each(renames)('ending connections by the name it got in %s ends them', async (_, rename) => {
  await using cluster = await attached()
  await rename(cluster)
  await createVolume(cluster.backend, { volume: aVolume() })

  await terminateConnection(cluster.backend, TerminateConnection.parse({ volume: { id: copyId } }))

  expect(cluster.simulator.attachments).toEqual([])
})
