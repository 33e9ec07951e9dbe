import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { checkForSetupError } from '../../lib/driver/check-for-setup-error.ts'
import { createClonedVolume } from '../../lib/driver/create-cloned-volume.ts'
import { createSnapshot } from '../../lib/driver/create-snapshot.ts'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { deleteVolume } from '../../lib/driver/delete-volume.ts'
import { extendVolume } from '../../lib/driver/extend-volume.ts'
import { measureVolumeStats } from '../../lib/driver/get-volume-stats.ts'
import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { manageExistingSnapshot } from '../../lib/driver/manage-existing-snapshot.ts'
import { Retype, retype } from '../../lib/driver/retype.ts'
import { revertToSnapshot } from '../../lib/driver/revert-to-snapshot.ts'
import { unmanageSnapshot } from '../../lib/driver/unmanage-snapshot.ts'
import { updateMigratedVolume } from '../../lib/driver/update-migrated-volume.ts'
import { validateConnector } from '../../lib/driver/validate-connector.ts'
import { volumesReassignWait } from '../../lib/storpool/attachments.ts'
import { volumeSnapshot } from '../../lib/storpool/snapshots.ts'
import { volumeTemplatesStatus } from '../../lib/storpool/templates.ts'
import { volumeCreate, volumeUpdate } from '../../lib/storpool/volumes.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { aVolume, copyId, nameOf, snapshotId, snapshotNameOf, volumeId } from '../support/makers.ts'

const GiB = 1024 ** 3
const volume = { id: volumeId }
const copy = { id: copyId, size: 1 }
const snapshot = { id: snapshotId, volume_id: volumeId }
const typed = (storpool_template: string) => ({ volume_type: { extra_specs: { storpool_template } } })

/** Use a volume's device on host-1, attached past the book as os-brick does it. */
const onHost = async <T>(
  { backend, simulator }: Cluster,
  name: string,
  use: (device: string) => Promise<T>,
) => {
  const reassign = (item: object) =>
    volumesReassignWait(backend.storpool, { reassign: [{ volume: name, ...item }] })
  await reassign({ rw: [1] })
  const result = await use(join(simulator.devicesOf(1), 'storpool', name))
  await reassign({ detach: [1] })
  return result
}
const write = (cluster: Cluster, name: string, text: string) =>
  onHost(cluster, name, (device) => writeFile(device, text, { flag: 'r+' }))
const read = (cluster: Cluster, name: string, length: number) =>
  onHost(cluster, name, async (device) => {
    await using file = await open(device)
    return (await file.read(Buffer.alloc(length), 0, length, 0)).buffer.toString()
  })

describe('a set-up that cannot work is told before anything is asked of it', () => {
  test('a template and a host that the cluster does not have, both by name', async () => {
    await using cluster = await startCluster({
      defaultTemplate: 'gone',
      hosts: [{ name: 'host-9', clientId: 99 }],
    })

    await expect(checkForSetupError(cluster.backend)).rejects.toMatchObject({
      name: 'VolumeBackendError',
      message: expect.stringMatching(/gone.*host-9.*99/),
    })
  })

  test('a cluster that does not answer', async () => {
    await using cluster = await startCluster()
    cluster.simulator.fault({ match: 'ServicesList', kind: 'hang', times: 1 })

    await expect(checkForSetupError(cluster.within(200))).rejects.toMatchObject({ reason: 'silent' })
  })
})

test('a connector of a host that nobody registered is not valid, and stands for no client', async () => {
  await using cluster = await startCluster()

  await validateConnector(cluster.backend, { connector: { host: 'host-1' } })
  await expect(validateConnector(cluster.backend, { connector: { host: 'mars' } })).rejects.toMatchObject({
    name: 'UnknownHost',
    message: expect.stringContaining('mars'),
  })
})

describe('what lives in the other cluster of the location', () => {
  const withOther = async () => {
    const cluster = await startCluster()
    const { storpool } = cluster.backend
    const there = { cluster: 'beta' }
    const desc = { name: nameOf(volumeId), size: GiB, template: 'ssd' }
    await storpool.post('VolumeCreate', [], desc, z.unknown(), there)
    await storpool.post('VolumeSnapshot', [nameOf(volumeId)], { name: 'theirs' }, z.unknown(), there)
    return cluster
  }

  test('is cloned into another template', async () => {
    await using cluster = await withOther()

    await createClonedVolume(cluster.backend, { volume: { ...copy, ...typed('hdd') }, src_vref: volume })

    expect(cluster.simulator.volumes.get(nameOf(copyId))).toMatchObject({ templateName: 'hdd' })
  })

  test('is managed and let go, though StorPool changes a snapshot in its own cluster only', async () => {
    await using cluster = await withOther()
    const tags = () => cluster.simulator.snapshots.get(snapshotNameOf(snapshotId))?.tags

    await manageExistingSnapshot(cluster.backend, { snapshot, existing_ref: { 'source-name': 'theirs' } })
    expect(tags()).toMatchObject({ 'cl-id': snapshotId })

    await unmanageSnapshot(cluster.backend, { snapshot })
    expect(tags()?.['cl-id'] ?? '').toBe('')
  })
})

describe('a clone', () => {
  test('lands where its own type says, whatever the source’s type says by now', async () => {
    await using cluster = await startCluster()
    await createVolume(cluster.backend, { volume: aVolume(typed('ssd')) })

    const src_vref = { ...volume, ...typed('hdd') }
    await createClonedVolume(cluster.backend, { volume: { ...copy, ...typed('hdd') }, src_vref })

    expect(cluster.simulator.volumes.get(nameOf(copyId))).toMatchObject({ templateName: 'hdd' })
  })

  test('holds the data of now, and not of a helper that an earlier attempt left; that is nobody’s to delete', async () => {
    await using cluster = await startCluster()
    await createVolume(cluster.backend, { volume: aVolume(typed('ssd')) })
    await write(cluster, nameOf(volumeId), 'then')
    const helper = `os--clone--none--snapshot-${copyId}`
    await volumeSnapshot(cluster.backend.storpool, nameOf(volumeId), { name: helper })
    await write(cluster, nameOf(volumeId), 'now!')

    await createClonedVolume(cluster.backend, { volume: { ...copy, ...typed('hdd') }, src_vref: volume })

    expect(await read(cluster, nameOf(copyId), 4)).toBe('now!')
    expect(cluster.simulator.snapshots.has(helper)).toBe(true)
  })

  test('of a volume in a template, asked for without one, is sent without one and stays there', async () => {
    await using cluster = await startCluster()
    await createVolume(cluster.backend, { volume: aVolume(typed('ssd')) })

    await createClonedVolume(cluster.backend, { volume: copy, src_vref: { ...volume, ...typed('ssd') } })

    expect(cluster.simulator.calls.at(-1)?.body).not.toHaveProperty('template')
    expect(cluster.simulator.volumes.get(nameOf(copyId))).toMatchObject({ templateName: 'ssd' })
  })
})

test('a pool’s room is what clients can write: copies and disks that are down are not room', async () => {
  await using cluster = await startCluster()
  const said = await volumeTemplatesStatus(cluster.backend.storpool)

  const { pools, cinder } = await measureVolumeStats(cluster.backend)

  const room = pools.flatMap(({ storpool_template, total_capacity_gb, free_capacity_gb }) =>
    storpool_template === undefined ? [] : [[storpool_template, total_capacity_gb, free_capacity_gb]],
  )
  expect(room).toEqual(said.map(({ name, stored }) => [name, stored.capacity / GiB, stored.free / GiB]))
  for (const [, total] of room) expect(total).toBeLessThanOrEqual(cinder.total_capacity_gb / 3)
})

test('pools that share disks say so, and only those', async () => {
  const groupsOf = async (templates: string[]) => {
    await using cluster = await startCluster({ templates })
    const { pools } = await measureVolumeStats(cluster.backend)
    return pools.flatMap(({ storpool_template, disk_group }) => (storpool_template ? [disk_group] : []))
  }

  expect(await groupsOf(['ssd', 'hdd'])).toEqual(['ssd', 'hdd'])
  expect(await groupsOf(['hybrid', 'ssd', 'hdd'])).toEqual(['hdd+ssd', 'hdd+ssd', 'hdd+ssd'])
})

test('a retype to a type without a template goes to the configured one', async () => {
  await using cluster = await startCluster({ defaultTemplate: 'hdd' })
  await createVolume(cluster.backend, { volume: aVolume(typed('ssd')) })
  const asked = { volume, new_type: { extra_specs: { 'capabilities:colour': '<is> red' } } }

  await retype(cluster.backend, Retype.parse({ ...asked, diff: { extra_specs: {} } }))

  expect(cluster.simulator.volumes.get(nameOf(volumeId))).toMatchObject({ templateName: 'hdd' })
})

describe('a revert', () => {
  const withSnapshot = async () => {
    const cluster = await startCluster()
    const { provider_location } = await createVolume(cluster.backend, { volume: aVolume() })
    await write(cluster, nameOf(volumeId), 'then')
    await createSnapshot(cluster.backend, { snapshot })
    await write(cluster, nameOf(volumeId), 'now!')
    return Object.assign(cluster, { globalId: provider_location })
  }
  const begins = (cluster: Cluster) => read(cluster, nameOf(volumeId), 4)

  test.each(['reset', 'resetAfterCommit'] as const)(
    'whose connection broke (%s) is done when it says so',
    async (kind) => {
      await using cluster = await withSnapshot()
      cluster.simulator.fault({ match: 'VolumeRevert', kind, times: 1 })

      await revertToSnapshot(cluster.backend, { volume, snapshot })

      expect(await begins(cluster)).toBe('then')
    },
  )

  test('that stays in doubt says so, and is done when it is repeated', async () => {
    await using cluster = await withSnapshot()
    cluster.simulator.fault({ match: 'VolumeRevert', kind: 'reset', times: 2 })

    await expect(revertToSnapshot(cluster.backend, { volume, snapshot })).rejects.toMatchObject({
      mayHaveHappened: true,
    })
    expect(await begins(cluster)).toBe('now!')

    await extendVolume(cluster.backend, { volume, new_size: 2 })
    await revertToSnapshot(cluster.backend, { volume, snapshot })
    expect(await begins(cluster)).toBe('then')
    expect(cluster.simulator.volumes.get(nameOf(volumeId))).toMatchObject({ size: 2 * GiB })
  })

  test('is not kept up by a connection that the host’s os-brick has ended', async () => {
    await using cluster = await withSnapshot()
    await initializeConnection(
      cluster.backend,
      InitializeConnection.parse({ volume, connector: { host: 'host-1' } }),
    )
    await expect(revertToSnapshot(cluster.backend, { volume, snapshot })).rejects.toMatchObject({
      name: 'VolumeIsBusy',
    })
    await volumesReassignWait(cluster.backend.storpool, {
      reassign: [{ volume: nameOf(volumeId), detach: [1] }],
    })

    await revertToSnapshot(cluster.backend, { volume, snapshot })

    expect(await begins(cluster)).toBe('then')
  })
})

describe('after a migration', () => {
  const temporary = { id: copyId, _name_id: volumeId }
  const both = async () => {
    const cluster = await startCluster()
    const before = await createVolume(cluster.backend, { volume: aVolume() })
    const after = await createVolume(cluster.backend, { volume: copy })
    return Object.assign(cluster, { before: before.provider_location, after: after.provider_location })
  }
  const names = ({ simulator }: Cluster) => [...simulator.volumes.keys()].sort()
  /** As Cinder's own driver does it: afterwards the copy bears the volume's name. */
  const swapNames = async ({ backend: { storpool } }: Cluster) => {
    await volumeUpdate(storpool, nameOf(volumeId), { rename: 'between' })
    await volumeUpdate(storpool, nameOf(copyId), { rename: nameOf(volumeId) })
    await volumeUpdate(storpool, 'between', { rename: nameOf(copyId) })
  }

  test.each([
    ['all that it answered', ['_name_id', 'provider_location']],
    ['the name alone', ['_name_id']],
  ] as const)('every operation reaches the new copy by %s', async (_, keys) => {
    await using cluster = await both()
    const update = await updateMigratedVolume(cluster.backend, { volume, new_volume: { id: copyId } })
    const migrated = { ...volume, ...Object.fromEntries(keys.map((key) => [key, update[key]])) }

    await extendVolume(cluster.backend, { volume: migrated, new_size: 2 })
    await createSnapshot(cluster.backend, { snapshot: { ...snapshot, volume: migrated } })
    const { data } = await initializeConnection(
      cluster.backend,
      InitializeConnection.parse({ volume: migrated, connector: { host: 'host-1' } }),
    )

    const { size, parentName } = cluster.simulator.volumes.get(nameOf(copyId)) ?? {}
    expect([size, parentName, data.globalId]).toEqual([2 * GiB, snapshotNameOf(snapshotId), cluster.after])
    // os-brick makes a name of this, and attaches what bears it.
    expect(data.volume).toBe(copyId)
  })

  test('the temporary record takes the old copy with it, known by global id or by name', async () => {
    for (const provider_location of [true, false]) {
      await using cluster = await both()
      await deleteVolume(cluster.backend, {
        volume: { ...temporary, ...(provider_location ? { provider_location: cluster.before } : {}) },
      })
      expect(names(cluster)).toEqual([nameOf(copyId)])
    }
  })

  test('away from this cluster, the source does not stay behind', async () => {
    await using cluster = await startCluster()
    await volumeCreate(cluster.backend.storpool, { name: nameOf(volumeId), size: GiB, replication: 3 })

    await deleteVolume(cluster.backend, { volume: temporary })

    expect(names(cluster)).toEqual([])
  })

  test('to this cluster, the temporary record does not take the volume that was given its name', async () => {
    await using cluster = await startCluster()
    await createVolume(cluster.backend, { volume: copy })
    await updateMigratedVolume(cluster.backend, { volume, new_volume: { id: copyId } })

    await deleteVolume(cluster.backend, { volume: temporary })

    expect(names(cluster)).toEqual([nameOf(volumeId)])
  })

  test('with names swapped by Cinder’s own driver, the old copy goes, or nothing', async () => {
    await using ours = await both()
    await swapNames(ours)
    await deleteVolume(ours.backend, { volume: temporary })
    expect([...ours.simulator.volumes.values()].map(({ globalId }) => globalId)).toEqual([ours.after])

    await using theirs = await startCluster()
    for (const name of [nameOf(volumeId), nameOf(copyId)])
      await volumeCreate(theirs.backend.storpool, { name, size: GiB, replication: 3 })
    await swapNames(theirs)
    await expect(deleteVolume(theirs.backend, { volume: temporary })).rejects.toMatchObject({
      name: 'Conflict',
      remedy: expect.stringContaining('provider_location'),
    })
    expect(names(theirs)).toHaveLength(2)
  })
})
