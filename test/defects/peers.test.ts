import { describe, expect, test } from 'vitest'
import { createSnapshot } from '../../lib/driver/create-snapshot.ts'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { deleteSnapshot } from '../../lib/driver/delete-snapshot.ts'
import { GetManageableSnapshots, getManageableSnapshots } from '../../lib/driver/get-manageable-snapshots.ts'
import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { TerminateConnection, terminateConnection } from '../../lib/driver/terminate-connection.ts'
import { updateMigratedVolume } from '../../lib/driver/update-migrated-volume.ts'
import { volumesReassignWait } from '../../lib/storpool/attachments.ts'
import { VolumesReassignWaitDesc } from '../../lib/storpool/schema/asked.ts'
import {
  GlobalId,
  SnapshotName,
  TagName,
  TagValue,
  TemplateName,
  TildeGlobalId,
  VolumeName,
} from '../../lib/storpool/schema/values.ts'
import { volumeSummary, volumeUpdate } from '../../lib/storpool/volumes.ts'
import { client, ok, serving } from '../storpool/servers.ts'
import { startCluster } from '../support/cluster.ts'
import { aVolume, copyId, nameOf, snapshotId, volumeId } from '../support/makers.ts'

const volume = { id: volumeId }

test('a read that is tried again asks for the very same', async () => {
  await using server = await serving((response, _, n) =>
    n === 0
      ? response.socket?.resetAndDestroy()
      : response.end(ok([{ name: 'v', globalId: 'a.b.c', size: 512 }])),
  )
  using storpool = client(server.port)

  await volumeSummary(storpool.now(), 'v')

  const [first, second, ...more] = server.seen.map(({ method, url }) => `${method} ${url}`)
  expect(more).toEqual([])
  expect(second).toBe(first)
})

test('a line’s end after it makes no name, global id, template or tag', () => {
  for (const Kind of [VolumeName, SnapshotName, TemplateName, TagName, TagValue]) {
    expect(Kind.safeParse('a').success).toBe(true)
    expect(Kind.safeParse('a\n').success).toBe(false)
  }
  expect(GlobalId.safeParse('a.b.c\n').success).toBe(false)
  expect(TildeGlobalId.safeParse('~a.b.c\n').success).toBe(false)
})

test('a volume may be moved here to be attached, or exported', () => {
  const { success } = VolumesReassignWaitDesc.safeParse({
    reassign: [
      { volume: 'v', rw: [1], mcMode: 'move' },
      { volume: 'v', rw: [1], mcMode: 'export' },
    ],
  })
  expect(success).toBe(true)
})

test('a connection detaches nobody who was there before', async () => {
  await using cluster = await startCluster()
  await createVolume(cluster.backend, { volume: aVolume() })
  await volumesReassignWait(cluster.backend.storpool, { reassign: [{ volume: nameOf(volumeId), ro: [7] }] })

  await initializeConnection(
    cluster.backend,
    InitializeConnection.parse({ volume, connector: { host: 'host-1' } }),
  )

  expect(cluster.simulator.attachments.map(({ client: id }) => id)).toEqual([7, 1])
})

test.each(['merge', 'replace'] as const)(
  'a volume that is renamed keeps the tags that others gave it (%s)',
  async (tagsMode) => {
    await using cluster = await startCluster()
    cluster.simulator.setKnobs({ tagsMode })
    await createVolume(cluster.backend, { volume: { id: copyId, size: 1, project_id: 'p' } })
    const { tags } = await volumeSummary(cluster.backend.storpool, nameOf(copyId))
    await volumeUpdate(cluster.backend.storpool, nameOf(copyId), { tags: { ...tags, vm: 'x' } })

    await updateMigratedVolume(cluster.backend, { volume, new_volume: { id: copyId } })

    expect(cluster.simulator.volumes.get(nameOf(volumeId))?.tags).toMatchObject({
      vm: 'x',
      'cl-project': 'p',
    })
  },
)

describe('whoever has a volume, a connection leaves it as was asked', () => {
  const before = [[], ['1 rw'], ['1 ro'], ['2 rw'], ['1 rw', '2 ro']]
  const asked = [
    { mode: 'rw', exclusive: false },
    { mode: 'ro', exclusive: false },
    { mode: 'rw', exclusive: true },
    { mode: 'ro', exclusive: true },
  ]

  test.each(asked)('on host-1, %o', async ({ mode, exclusive }) => {
    await using cluster = await startCluster()
    await createVolume(cluster.backend, { volume: aVolume() })
    const connect = (host: string, change: object) =>
      initializeConnection(
        cluster.backend,
        InitializeConnection.parse({ volume, connector: { host }, ...change }),
      )

    for (const holders of before) {
      await terminateConnection(cluster.backend, TerminateConnection.parse({ volume }))
      for (const holder of holders) await connect(`host-${holder[0]}`, { mode: holder.slice(2) })

      await connect('host-1', { mode, exclusive })

      const others = exclusive ? [] : holders.filter((holder) => holder.startsWith('2'))
      const now = cluster.simulator.attachments.map(({ client: id, rights }) => `${id} ${rights}`)
      expect(now.sort(), holders.join()).toEqual([`1 ${mode}`, ...others])
    }
  })
})

test('a snapshot that is on its way out is nobody’s to manage', async () => {
  await using cluster = await startCluster()
  cluster.simulator.setKnobs({ snapshotDeleteDelayMs: 60_000 })
  await createVolume(cluster.backend, { volume: aVolume() })
  const snapshot = { id: snapshotId, volume_id: volumeId }
  await createSnapshot(cluster.backend, { snapshot })

  await deleteSnapshot(cluster.backend, { snapshot })

  const { snapshots } = await getManageableSnapshots(cluster.backend, GetManageableSnapshots.parse({}))
  expect(snapshots).toEqual([])
})
